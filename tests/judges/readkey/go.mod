module readkey

go 1.24
