module spanwire/tests/interop/check

go 1.23.0
