package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

const refPrefix = "#/components/schemas/"

// Definitions whose Go types read JSON in a way of their own.
var special = map[string]schema{
	"io.k8s.apimachinery.pkg.api.resource.Quantity":   {"format": "quantity"},
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"format": "int-or-string"},
	"io.k8s.apimachinery.pkg.apis.meta.v1.Time":       {"format": "time"},
	"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime":  {"format": "micro-time"},
	"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1":   {},
	"io.k8s.apimachinery.pkg.apis.meta.v1.Patch":      {},
	"io.k8s.apimachinery.pkg.runtime.RawExtension":    {},
	apiextensions + "JSON":                            {},
	apiextensions + "JSONSchemaPropsOrArray":          {},
	apiextensions + "JSONSchemaPropsOrBool":           {},
	apiextensions + "JSONSchemaPropsOrStringArray":    {},
}

const apiextensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

// document is as much of an OpenAPI document as is read here.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Action string                                 `json:"x-kubernetes-action"`
	GVK    *struct{ Group, Version, Kind string } `json:"x-kubernetes-group-version-kind"`
}

// release is what one version of Kubernetes says.
type release struct {
	definitions map[string]schema
	served      map[string]kind // by name; Namespaced is set
	enums       map[string]map[string][]string
	pack        *pack
	lines       map[string]int
	digests     map[string]string
}

func packKubernetes() (*pack, error) {
	p := newPack()
	kinds := map[string]kind{}
	for nth, version := range releases {
		p.Minors = append(p.Minors, minorOf(version))
		r, err := readRelease(version, p)
		if err != nil {
			return nil, fmt.Errorf("Kubernetes %s: %w", version, err)
		}
		lives, err := readLives(version)
		if err != nil {
			return nil, err
		}
		for name, life := range lives {
			old := kinds[name]
			life.Lines, life.Off, life.Namespaced = old.Lines, old.Off, old.Namespaced
			kinds[name] = life
		}
		for _, name := range sorted(r.served) {
			served := r.served[name]
			line, err := r.lineOfKind(served)
			if err != nil {
				return nil, err
			}
			k, ok := kinds[name]
			if !ok {
				k = kind{Group: served.Group, Version: served.Version, Kind: served.Kind}
			}
			if k.Lines == nil {
				k.Lines, k.Off = make([]int, len(releases)), make([]bool, len(releases))
			}
			k.Lines[nth], k.Off[nth], k.Namespaced = line, isOff(version, k), served.Namespaced
			kinds[name] = k
		}
	}
	for _, name := range sorted(kinds) {
		// Kinds without a removal that nobody serves are messages, such as DeleteOptions.
		if k := kinds[name]; k.Lines != nil || k.Removed != "" {
			p.Kinds = append(p.Kinds, k)
		}
	}
	return p, nil
}

// isOff tells of alpha and beta versions, which have to be turned on since 1.24, but for some that were there before.
func isOff(version string, k kind) bool {
	if minorOf(version) == "1.31" && k.Group == "flowcontrol.apiserver.k8s.io" && k.Version == "v1beta3" {
		return false
	}
	return strings.Contains(k.Version, "alpha") || strings.Contains(k.Version, "beta")
}

func readRelease(version string, p *pack) (*release, error) {
	dir, err := fetch("k8s.io/kubernetes", "v"+version)
	if err != nil {
		return nil, err
	}
	r := &release{map[string]schema{}, map[string]kind{}, nil, p, map[string]int{}, map[string]string{}}
	files, err := filepath.Glob(filepath.Join(dir, "api/openapi-spec/v3/*.json"))
	if err != nil || len(files) < 20 {
		return nil, fmt.Errorf("%d OpenAPI documents (%v)", len(files), err)
	}
	for _, file := range files {
		bytes, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var d document
		if err := json.Unmarshal(bytes, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for name, s := range d.Components.Schemas {
			r.definitions[name] = s
		}
		if err := r.readPaths(d.Paths); err != nil {
			return nil, err
		}
	}
	r.enums, err = readEnums(version)
	return r, err
}

// A collection that takes POST; what lies below a single object is a subresource.
var collection = regexp.MustCompile(`^/apis?/[^{}]*(?:/namespaces/\{namespace\})?/[a-z]+$`)

func (r *release) readPaths(paths map[string]map[string]json.RawMessage) error {
	for path, methods := range paths {
		if methods["post"] == nil || !collection.MatchString(path) {
			continue
		}
		var post operation
		if err := json.Unmarshal(methods["post"], &post); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if post.Action == "post" && post.GVK != nil {
			k := kind{Group: post.GVK.Group, Version: post.GVK.Version, Kind: post.GVK.Kind}
			k.Namespaced = strings.Contains(path, "/namespaces/{namespace}/")
			r.served[k.name()] = k
		}
	}
	return nil
}

// lineOfKind finds the definition that says it is this kind and no other.
func (r *release) lineOfKind(k kind) (int, error) {
	for _, name := range sorted(r.definitions) {
		list, _ := r.definitions[name]["x-kubernetes-group-version-kind"].([]any)
		if len(list) != 1 {
			continue
		}
		gvk := list[0].(schema)
		if gvk["group"] == k.Group && gvk["version"] == k.Version && gvk["kind"] == k.Kind {
			return r.line(name), nil
		}
	}
	return 0, fmt.Errorf("no definition of %s", k.name())
}

// line puts a definition and those it names into the pack and returns its line. A definition is stored once for all
// releases in which it and all it names are alike.
func (r *release) line(name string) int {
	if line, ok := r.lines[name]; ok {
		return line
	}
	key := name + " " + r.digest(name, nil)
	if line, ok := r.pack.seen[key]; ok {
		r.lines[name] = line
		return line
	}
	// The line is taken before its content is known, since it may name itself.
	line := r.pack.add(key, nil)
	r.lines[name] = line
	r.pack.lines[line-1] = text(r.reduce(name, "", r.definitions[name], func(other string) any { return r.line(other) }))
	return line
}

// digest of a definition with all that it names.
func (r *release) digest(name string, above []string) string {
	if digest, ok := r.digests[name]; ok {
		return digest
	}
	for _, outer := range above {
		if outer == name {
			return name
		}
	}
	above = append(above, name)
	content := r.reduce(name, "", r.definitions[name], func(other string) any { return r.digest(other, above) })
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(text(content))))
	r.digests[name] = digest
	return digest
}

// reduce keeps of a schema what decides about a value. `field` is the field of definition `name` that it stands in.
func (r *release) reduce(name, field string, s schema, ref func(string) any) schema {
	if all, ok := s["allOf"].([]any); ok && len(all) == 1 {
		s = all[0].(schema)
	}
	if target, ok := s["$ref"].(string); ok {
		target = strings.TrimPrefix(target, refPrefix)
		if short, ok := special[target]; ok {
			return short
		}
		return schema{"$ref": ref(target)}
	}
	out := schema{}
	for _, key := range []string{"type", "format"} {
		if value, ok := s[key]; ok {
			out[key] = value
		}
	}
	if required := enforced(name, s["required"]); len(required) > 0 {
		out["required"] = required
	}
	if values := r.enums[name][field]; values != nil && out["type"] == "string" && !isListed(notEnumerated, name, field) {
		out["enum"] = values
	}
	if properties, ok := s["properties"].(schema); ok {
		reduced := schema{}
		for _, key := range sorted(properties) {
			reduced[key] = r.reduce(name, key, properties[key].(schema), ref)
		}
		out["properties"] = reduced
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := s[key].(schema); ok {
			out[key] = r.reduce(name, field, inner, ref)
		}
	}
	return out
}

func listKubernetes(p *pack) string {
	var out strings.Builder
	out.WriteString("| Kubernetes | kinds served | of them only when turned on |\n|---|---|---|\n")
	for nth, version := range releases {
		served, off := 0, 0
		for _, k := range p.Kinds {
			if k.Lines != nil && k.Lines[nth] != 0 {
				served++
				if k.Off[nth] {
					off++
				}
			}
		}
		fmt.Fprintf(&out, "| %s | %d | %d |\n", version, served, off)
	}
	return out.String()
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
