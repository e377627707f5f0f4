package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// One release of each minor. Its staging modules have the version v0.N.P.
var releases = []string{"1.31.14", "1.32.13", "1.33.13", "1.34.8", "1.35.4", "1.36.3", "1.37.2"}

// Modules whose types Kubernetes serves.
var typeModules = []string{"k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator"}

// Modules with CRDs, and where they lie in them. Of a kind that occurs twice the first definition stays: the standard
// channel of the Gateway API is what most clusters have, and prunes the fields that the experimental channel adds.
var resourceModules = []struct {
	title, module, version string
	globs                  []string
}{
	{"Gateway API", "sigs.k8s.io/gateway-api", "v1.6.3", []string{"config/crd/standard/*.yaml", "config/crd/experimental/gateway*.yaml"}},
	{"Flux", "github.com/fluxcd/source-controller", "v1.9.6", []string{"config/crd/bases/*.yaml"}},
	{"Flux", "github.com/fluxcd/kustomize-controller", "v1.9.6", []string{"config/crd/bases/*.yaml"}},
	{"Flux", "github.com/fluxcd/helm-controller", "v1.6.4", []string{"config/crd/bases/*.yaml"}},
	{"Argo CD", "github.com/argoproj/argo-cd/v3", "v3.5.7", []string{"manifests/crds/*-crd.yaml"}},
	{"External Secrets", "github.com/external-secrets/external-secrets", "v1.3.2", []string{"config/crds/bases/*external-secrets.io_*.yaml"}},
	{"Prometheus operator", "github.com/prometheus-operator/prometheus-operator", "v0.90.1", []string{"example/prometheus-operator-crd/*.yaml"}},
	{"cert-manager", "github.com/cert-manager/cert-manager", "v1.21.2", []string{"deploy/crds/*.yaml"}},
	{"SOPS secrets operator", "tools/schemas/sopssecret.yaml, written by hand: no module proxy has its module", "", []string{"sopssecret.yaml"}},
}

// fetch returns the folder of a module in the module cache, downloading it if needed.
func fetch(module, version string) (string, error) {
	command := exec.Command("go", "mod", "download", "-json", module+"@"+version)
	command.Dir = os.TempDir() // outside of any module
	out, runErr := command.Output()
	var answer struct{ Dir, Error string }
	if err := json.Unmarshal(out, &answer); err != nil || answer.Dir == "" {
		return "", fmt.Errorf("%s@%s: %s (%v)", module, version, strings.TrimSpace(answer.Error), runErr)
	}
	return answer.Dir, nil
}

// minorOf gives "1.35" of "1.35.4".
func minorOf(release string) string { return release[:strings.LastIndexByte(release, '.')] }

// stagingOf gives "v0.35.4" of "1.35.4".
func stagingOf(release string) string { return "v0." + strings.TrimPrefix(release, "1.") }
