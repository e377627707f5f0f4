// Makes the packed schemas that lmsgen embeds: `cd tools/schemas && go run . ../../schemas`.
//
// Everything comes from Go modules of pinned versions (sources.go): the OpenAPI documents in Kubernetes' own module,
// enumerations and the life of API versions from the types' source, custom resources from their projects' CRDs. The
// output is committed; tests/judges makes it again and compares.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: schemas FOLDER")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	kubernetes, err := packKubernetes()
	if err != nil {
		return err
	}
	resources, listing, err := packResources()
	if err != nil {
		return err
	}
	for name, set := range map[string]*pack{"kubernetes.jsonl.gz": kubernetes, "crds.jsonl.gz": resources} {
		if err := set.write(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("# What schemas/*.gz are made of\n\nWritten by tools/schemas; do not edit.\n\n%s\n%s", listKubernetes(kubernetes), listing)
	return os.WriteFile(filepath.Join(folder, "README.md"), []byte(text), 0o644)
}
