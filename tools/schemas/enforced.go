package main

// Fields that the OpenAPI documents call required and the API server's validation does not ask for: their zero value
// is right, or they are set by default. Kubernetes does not validate by its OpenAPI documents.
var notRequired = map[string][]string{
	"io.k8s.api.apps.v1.ControllerRevision":                      {"revision"},
	"io.k8s.api.apps.v1.StatefulSetSpec":                         {"serviceName"},
	"io.k8s.api.batch.v1.PodFailurePolicy":                       {"rules"},
	"io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern": {"status"},
	"io.k8s.api.core.v1.Event":                                   {"metadata", "involvedObject", "eventTime"},
	"io.k8s.api.core.v1.HTTPHeader":                              {"value"},
	"io.k8s.api.core.v1.ISCSIVolumeSource":                       {"lun"},
	"io.k8s.api.core.v1.ISCSIPersistentVolumeSource":             {"lun"},
	"io.k8s.api.core.v1.LimitRangeSpec":                          {"limits"},
	"io.k8s.api.core.v1.PreferredSchedulingTerm":                 {"preference"},
	"io.k8s.api.core.v1.SleepAction":                             {"seconds"},
	"io.k8s.api.core.v1.Sysctl":                                  {"value"},
	"io.k8s.api.discovery.v1.EndpointSlice":                      {"endpoints"},
	"io.k8s.api.events.v1.Event":                                 {"metadata", "eventTime"},
	"io.k8s.api.networking.v1.NetworkPolicySpec":                 {"podSelector"},
	"io.k8s.api.rbac.v1.RoleRef":                                 {"apiGroup"},
	"io.k8s.api.resource.v1.DeviceClass":                         {"spec"},
	"io.k8s.api.resource.v1.ResourceClaim":                       {"spec"},
	"io.k8s.api.resource.v1.ResourceClaimTemplate":               {"spec"},
	"io.k8s.api.resource.v1.ResourceClaimTemplateSpec":           {"spec"},
	"io.k8s.api.resource.v1.ResourcePool":                        {"generation"},
	"io.k8s.api.resource.v1.DeviceCapacity":                      {"value"},
	"io.k8s.api.resource.v1.Counter":                             {"value"},
	"io.k8s.api.scheduling.v1.PriorityClass":                     {"value"},
	"io.k8s.api.storage.v1.CSIDriver":                            {"spec"},
	"io.k8s.api.storage.v1.CSINode":                              {"spec"},
	"io.k8s.api.storage.v1.CSINodeSpec":                          {"drivers"},
	"io.k8s.api.storage.v1.TokenRequest":                         {"audience"},
	apiextensions + "CustomResourceDefinitionVersion":            {"served", "storage"},
}

// Enumerations of fields that a feature gate drops before they are validated, or that nothing validates.
var notEnumerated = map[string][]string{
	"io.k8s.api.core.v1.Lifecycle": {"stopSignal"},
}

// enforced leaves of a list of required fields those that the API server asks for.
func enforced(definition string, required any) []string {
	var kept []string
	list, _ := required.([]any)
	for _, field := range list {
		if name := field.(string); !isListed(notRequired, definition, name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// isListed tells whether a table names the field of a definition.
func isListed(table map[string][]string, definition, field string) bool {
	for _, listed := range table[definition] {
		if listed == field {
			return true
		}
	}
	return false
}
