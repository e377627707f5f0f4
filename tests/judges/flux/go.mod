// Builds Flux's kustomize-controller, which `go install` refuses for its `replace` lines.
module lmsgen.dev/judges/flux

go 1.26

tool github.com/fluxcd/kustomize-controller

require github.com/fluxcd/kustomize-controller v1.9.5

replace github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be

replace gopkg.in/yaml.v3 => gopkg.in/yaml.v3 v3.0.1
