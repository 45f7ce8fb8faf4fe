"""Flet's entry for the packaged app: hands over to `app.boot`."""

from app.boot import run_packaged

if __name__ == "__main__":
    run_packaged()
