# The connections that tests/regress and tests/isolation scan; see tests/README.md.
connection "ex" {
  plugin = "example"
  rows   = 1000
}
connection "slow" {
  plugin = "slow"
}
connection "spied" {
  plugin = "spy"
  seed   = 1
}
# Joins: one whose tables join, the same rows again, and two whose joins have rows that do not fit.
connection "spy" {
  plugin = "spy"
  seed   = 1
}
connection "spy_other" {
  plugin = "spy"
  seed   = 1
}
connection "spy_wide" {
  plugin     = "spy"
  seed       = 1
  join_fault = "columns"
}
connection "spy_mistyped" {
  plugin     = "spy"
  seed       = 1
  join_fault = "types"
}
