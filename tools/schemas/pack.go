package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"sort"
)

// A schema is an OpenAPI schema object, reduced to the keywords that decide about a value.
type schema = map[string]any

// kind is one API kind: what the first line of a pack says of it.
type kind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	// A scope of "" is a kind that no packed minor serves.
	Namespaced bool `json:"namespaced,omitempty"`
	// The line of its schema in each minor, 0 where it is not served; one entry in a pack without minors.
	Lines []int `json:"lines,omitempty"`
	// Minors in which the API server serves it only when told to.
	Off []bool `json:"off,omitempty"`
	// Releases as `1.25`.
	Introduced string `json:"introduced,omitempty"`
	Deprecated string `json:"deprecated,omitempty"`
	Removed    string `json:"removed,omitempty"`
	// `apps/v1 Deployment`
	Replacement string `json:"replacement,omitempty"`
	// CEL rules, which are not evaluated.
	Rules int `json:"rules,omitempty"`
}

func (k kind) name() string { return k.Group + "/" + k.Version + " " + k.Kind }

// pack is a file of lines: an index, then one schema a line. A schema refers to another by the number of its line.
type pack struct {
	Minors []string `json:"minors,omitempty"`
	Kinds  []kind   `json:"kinds"`
	// The line of ObjectMeta, which custom resources share.
	lines []string
	seen  map[string]int
}

func newPack() *pack { return &pack{seen: map[string]int{}} }

// add stores a text once and returns its line; the index is line 0.
func (p *pack) add(key string, s schema) int {
	if line, ok := p.seen[key]; ok {
		return line
	}
	p.lines = append(p.lines, text(s))
	p.seen[key] = len(p.lines)
	return len(p.lines)
}

func (p *pack) write(path string) error {
	sort.Slice(p.Kinds, func(i, j int) bool { return p.Kinds[i].name() < p.Kinds[j].name() })
	index, err := json.Marshal(p)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(writer, "%s\n", index); err != nil {
		return err
	}
	for _, line := range p.lines {
		if _, err := fmt.Fprintln(writer, line); err != nil {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// text is the JSON of a value, keys sorted.
func text(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // it came from JSON
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}
