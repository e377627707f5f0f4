// Readyaml prints YAML files as Kubernetes' programs read them, one JSON value a line:
// {"path": …, "kubectl": …, "kustomize": …}. "kubectl" is sigs.k8s.io/yaml, which kubectl and the API server use;
// "kustomize" is go.yaml.in/yaml/v3, below kustomize's kyaml. It takes paths on standard input, one a line, and
// must not judge: the test compares.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	yaml3 "go.yaml.in/yaml/v3"
	kubernetes "sigs.k8s.io/yaml"
)

type answer struct {
	Path      string          `json:"path"`
	Kubectl   json.RawMessage `json:"kubectl"`
	Kustomize any             `json:"kustomize"`
}

func read(path string) (answer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return answer{}, err
	}
	kubectl, err := kubernetes.YAMLToJSONStrict(text)
	if err != nil {
		return answer{}, fmt.Errorf("%s: sigs.k8s.io/yaml: %w", path, err)
	}
	var kustomize any
	if err := yaml3.Unmarshal(text, &kustomize); err != nil {
		return answer{}, fmt.Errorf("%s: go.yaml.in/yaml/v3: %w", path, err)
	}
	return answer{Path: path, Kubectl: kubectl, Kustomize: kustomize}, nil
}

func main() {
	paths := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	failed := false
	for paths.Scan() {
		answer, err := read(paths.Text())
		if err == nil {
			err = out.Encode(answer)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
		}
	}
	if failed || paths.Err() != nil {
		os.Exit(1)
	}
}
