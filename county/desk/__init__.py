"""The township's and county's desk: plain pages, one module and one template each."""
