package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// typePackage is a package with API types: `k8s.io/api/core/v1`.
type typePackage struct {
	path  string
	group string              // of `const GroupName`
	files []*ast.File         //
	enums map[string][]string // values by type marked as an enumeration
}

// readTypes parses the packages with API types of a release, by import path.
func readTypes(version string) (map[string]*typePackage, error) {
	packages := map[string]*typePackage{}
	for _, module := range typeModules {
		dir, err := fetch(module, stagingOf(version))
		if err != nil {
			return nil, err
		}
		err = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
			name := entry.Name()
			isTypes := strings.HasSuffix(name, "types.go") || name == "register.go" || name == "zz_generated.prerelease-lifecycle.go"
			if err != nil || entry.IsDir() || !isTypes || strings.Contains(file, "/testdata/") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			inner, _ := filepath.Rel(dir, filepath.Dir(file))
			importPath := path.Join(module, filepath.ToSlash(inner))
			if packages[importPath] == nil {
				packages[importPath] = &typePackage{path: importPath, enums: map[string][]string{}}
			}
			packages[importPath].files = append(packages[importPath].files, parsed)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, p := range packages {
		p.readConstants()
	}
	return packages, nil
}

// readConstants finds the group's name and the values of types marked `+enum`.
func (p *typePackage) readConstants() {
	for _, declaration := range p.declarations(token.TYPE) {
		for _, spec := range declaration.Specs {
			s := spec.(*ast.TypeSpec)
			if isMarked(s.Doc) || len(declaration.Specs) == 1 && isMarked(declaration.Doc) {
				p.enums[s.Name.Name] = []string{}
			}
		}
	}
	for _, declaration := range p.declarations(token.CONST) {
		for _, spec := range declaration.Specs {
			s := spec.(*ast.ValueSpec)
			if len(s.Values) != 1 {
				continue
			}
			// `A T = "a"` or `A = T("a")`.
			typed, inner := s.Type, s.Values[0]
			if call, ok := inner.(*ast.CallExpr); ok && len(call.Args) == 1 {
				typed, inner = call.Fun, call.Args[0]
			}
			value, ok := inner.(*ast.BasicLit)
			if !ok || value.Kind != token.STRING {
				continue
			}
			literal, err := strconv.Unquote(value.Value)
			if err != nil {
				continue
			}
			if s.Names[0].Name == "GroupName" {
				p.group = literal
			}
			if t, ok := typed.(*ast.Ident); ok && p.enums[t.Name] != nil {
				p.enums[t.Name] = append(p.enums[t.Name], literal)
			}
		}
	}
}

func (p *typePackage) declarations(of token.Token) []*ast.GenDecl {
	var found []*ast.GenDecl
	for _, file := range p.files {
		for _, declaration := range file.Decls {
			if d, ok := declaration.(*ast.GenDecl); ok && d.Tok == of {
				found = append(found, d)
			}
		}
	}
	return found
}

func isMarked(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, comment := range doc.List {
		marker := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
		if marker == "+enum" || marker == "+k8s:enum" {
			return true
		}
	}
	return false
}

// readEnums gives the values of each field that is an enumeration, by definition and JSON name.
func readEnums(version string) (map[string]map[string][]string, error) {
	packages, err := readTypes(version)
	if err != nil {
		return nil, err
	}
	found := map[string]map[string][]string{}
	for _, p := range packages {
		for _, file := range p.files {
			imports := importsOf(file)
			for _, declaration := range file.Decls {
				d, ok := declaration.(*ast.GenDecl)
				if !ok || d.Tok != token.TYPE {
					continue
				}
				for _, spec := range d.Specs {
					s := spec.(*ast.TypeSpec)
					structure, ok := s.Type.(*ast.StructType)
					if !ok {
						continue
					}
					fields := map[string][]string{}
					for _, field := range structure.Fields.List {
						if values := enumOf(field.Type, p, imports, packages); len(values) > 0 && field.Tag != nil {
							fields[jsonName(field.Tag.Value)] = values
						}
					}
					if len(fields) > 0 {
						found[definitionName(p.path)+"."+s.Name.Name] = fields
					}
				}
			}
		}
	}
	return found, nil
}

// enumOf looks through pointers, lists and the values of maps.
func enumOf(t ast.Expr, p *typePackage, imports map[string]string, packages map[string]*typePackage) []string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return enumOf(t.X, p, imports, packages)
	case *ast.ArrayType:
		return enumOf(t.Elt, p, imports, packages)
	case *ast.MapType:
		return enumOf(t.Value, p, imports, packages)
	case *ast.Ident:
		return p.enums[t.Name]
	case *ast.SelectorExpr:
		if name, ok := t.X.(*ast.Ident); ok {
			if other := packages[imports[name.Name]]; other != nil {
				return other.enums[t.Sel.Name]
			}
		}
	}
	return nil
}

func importsOf(file *ast.File) map[string]string {
	found := map[string]string{}
	for _, spec := range file.Imports {
		target, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(target)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		found[name] = target
	}
	return found
}

func jsonName(tag string) string {
	text, _ := strconv.Unquote(tag)
	name, _, _ := strings.Cut(reflect.StructTag(text).Get("json"), ",")
	return name
}

// definitionName gives `io.k8s.api.core.v1` of `k8s.io/api/core/v1`.
func definitionName(importPath string) string {
	return "io.k8s." + strings.ReplaceAll(strings.TrimPrefix(importPath, "k8s.io/"), "/", ".")
}

// readLives gives each kind's introduction, deprecation, removal and replacement, as their methods return them.
func readLives(version string) (map[string]kind, error) {
	packages, err := readTypes(version)
	if err != nil {
		return nil, err
	}
	found := map[string]kind{}
	for _, p := range packages {
		for _, file := range p.files {
			for _, declaration := range file.Decls {
				method, ok := declaration.(*ast.FuncDecl)
				if !ok || method.Recv == nil || !strings.HasPrefix(method.Name.Name, "APILifecycle") {
					continue
				}
				receiver := method.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
				k := kind{Group: p.group, Version: path.Base(p.path), Kind: receiver}
				if old, ok := found[k.name()]; ok {
					k = old
				}
				results := method.Body.List[0].(*ast.ReturnStmt).Results
				switch strings.TrimPrefix(method.Name.Name, "APILifecycle") {
				case "Introduced":
					k.Introduced = releaseOf(results)
				case "Deprecated":
					k.Deprecated = releaseOf(results)
				case "Removed":
					k.Removed = releaseOf(results)
				case "Replacement":
					k.Replacement = replacementOf(results[0])
				}
				found[k.name()] = k
			}
		}
	}
	return found, nil
}

func releaseOf(results []ast.Expr) string {
	return fmt.Sprintf("%s.%s", results[0].(*ast.BasicLit).Value, results[1].(*ast.BasicLit).Value)
}

// replacementOf gives `apps/v1 Deployment` of a GroupVersionKind literal.
func replacementOf(e ast.Expr) string {
	parts := map[string]string{}
	for _, element := range e.(*ast.CompositeLit).Elts {
		pair := element.(*ast.KeyValueExpr)
		parts[pair.Key.(*ast.Ident).Name], _ = strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
	}
	return strings.TrimPrefix(parts["Group"]+"/"+parts["Version"]+" "+parts["Kind"], "/")
}
