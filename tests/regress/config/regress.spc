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
