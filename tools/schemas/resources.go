package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"sigs.k8s.io/yaml"
)

// Keywords of a CRD's schema that decide about a value. `default` is kept as `true`: a field that has one is never missing.
var keywords = []string{
	"type", "format", "required", "enum", "nullable", "pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
	"minProperties", "maxProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string", "x-kubernetes-embedded-resource",
	"x-kubernetes-list-type", "x-kubernetes-list-map-keys",
}

// A repeated schema of at least this many bytes has a line of its own.
const worthALine = 120

type definition struct {
	APIVersion, Kind string
	Spec             struct {
		Group    string
		Names    struct{ Kind string }
		Scope    string
		Versions []struct {
			Name       string
			Served     bool
			Deprecated bool
			Schema     struct {
				OpenAPIV3Schema schema `json:"openAPIV3Schema"`
			}
		}
	}
}

// resources collects schemas of CRDs; parts that occur more than once are shared.
type resources struct {
	pack   *pack
	counts map[string]int
}

func packResources() (*pack, string, error) {
	r := &resources{newPack(), map[string]int{}}
	type found struct {
		kind kind
		root schema
	}
	var all []found
	names := map[string]bool{}
	var listing strings.Builder
	listing.WriteString("| custom resources of | module | kinds | CEL rules, not evaluated |\n|---|---|---|---|\n")
	for _, source := range resourceModules {
		definitions, err := readDefinitions(source.module, source.version, source.globs)
		if err != nil {
			return nil, "", err
		}
		kinds, rules := 0, 0
		for _, d := range definitions {
			for _, version := range d.Spec.Versions {
				if !version.Served {
					continue
				}
				k := kind{Group: d.Spec.Group, Version: version.Name, Kind: d.Spec.Names.Kind, Namespaced: d.Spec.Scope == "Namespaced"}
				if names[k.name()] {
					continue
				}
				names[k.name()] = true
				if version.Deprecated {
					k.Deprecated = path.Base(source.module) + " " + source.version
				}
				root := r.reduce(version.Schema.OpenAPIV3Schema, &k.Rules)
				r.count(root)
				all = append(all, found{k, root})
				kinds, rules = kinds+1, rules+k.Rules
			}
		}
		fmt.Fprintf(&listing, "| %s | %s %s | %d | %d |\n", source.title, source.module, source.version, kinds, rules)
	}
	for _, f := range all {
		f.kind.Lines = []int{r.pack.add(f.kind.name(), r.share(f.root, true).(schema))}
		r.pack.Kinds = append(r.pack.Kinds, f.kind)
	}
	listing.WriteString("\n| kind | CEL rules, not evaluated |\n|---|---|\n")
	sort.Slice(r.pack.Kinds, func(i, j int) bool { return r.pack.Kinds[i].name() < r.pack.Kinds[j].name() })
	for _, k := range r.pack.Kinds {
		if k.Rules > 0 {
			fmt.Fprintf(&listing, "| %s | %d |\n", k.name(), k.Rules)
		}
	}
	return r.pack, listing.String(), nil
}

func readDefinitions(module, version string, globs []string) ([]definition, error) {
	dir := "." // a definition of our own
	if version != "" {
		var err error
		if dir, err = fetch(module, version); err != nil {
			return nil, err
		}
	}
	var found []definition
	for _, glob := range globs {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(glob)))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("%s %s: no file is called %s (%v)", module, version, glob, err)
		}
		for _, file := range files {
			bytes, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			for _, text := range strings.Split("\n"+string(bytes), "\n---") {
				var d definition
				if err := yaml.Unmarshal([]byte(text), &d); err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
				if d.Kind == "CustomResourceDefinition" {
					found = append(found, d)
				}
			}
		}
	}
	return found, nil
}

// reduce keeps the keywords that decide about a value and counts CEL rules.
func (r *resources) reduce(s schema, rules *int) schema {
	out := schema{}
	for _, key := range keywords {
		if value, ok := s[key]; ok && value != false {
			out[key] = value
		}
	}
	if _, ok := s["default"]; ok {
		out["default"] = true
	}
	if list, ok := s["x-kubernetes-validations"].([]any); ok {
		*rules += len(list)
	}
	if properties, ok := s["properties"].(schema); ok {
		reduced := schema{}
		for name, property := range properties {
			reduced[name] = r.reduce(property.(schema), rules)
		}
		out["properties"] = reduced
	}
	for _, key := range []string{"items", "additionalProperties", "not"} {
		switch inner := s[key].(type) {
		case schema:
			out[key] = r.reduce(inner, rules)
		case bool:
			if inner {
				out[key] = schema{}
			}
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		if list, ok := s[key].([]any); ok {
			reduced := make([]any, len(list))
			for nth, inner := range list {
				reduced[nth] = r.reduce(inner.(schema), rules)
			}
			out[key] = reduced
		}
	}
	return out
}

// count notes how often each part occurs; parts of a part that occurred before are not counted again.
func (r *resources) count(s schema) {
	key := text(s)
	r.counts[key]++
	if r.counts[key] > 1 {
		return
	}
	for _, inner := range parts(s) {
		r.count(inner)
	}
}

// parts are the schemas of properties, items and map values.
func parts(s schema) []schema {
	var found []schema
	if properties, ok := s["properties"].(schema); ok {
		for _, name := range sorted(properties) {
			found = append(found, properties[name].(schema))
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := s[key].(schema); ok {
			found = append(found, inner)
		}
	}
	return found
}

// share replaces large parts that occur more than once by the number of their line. A default stays in place, since
// it belongs to the field.
func (r *resources) share(s schema, isRoot bool) any {
	key := text(s)
	if !isRoot && len(key) >= worthALine && r.counts[key] > 1 && s["default"] == nil {
		if line, ok := r.pack.seen[key]; ok {
			return schema{"$ref": line}
		}
		return schema{"$ref": r.pack.add(key, r.share(s, true).(schema))}
	}
	out := schema{}
	for name, value := range s {
		out[name] = value
	}
	if properties, ok := s["properties"].(schema); ok {
		shared := schema{}
		for _, name := range sorted(properties) {
			shared[name] = r.share(properties[name].(schema), false)
		}
		out["properties"] = shared
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := s[key].(schema); ok {
			out[key] = r.share(inner, false)
		}
	}
	return out
}
