# What the service `temporal-namespace` runs: creates the namespace where it is missing.
set -eu
temporal operator namespace describe --namespace default ||
  temporal operator namespace create --namespace default --retention 7d
