"""`python -m gateway.cli`: the command `saattaen` where its script is not on the PATH, and how a worker is started."""

from gateway.cli import main

if __name__ == "__main__":
    main()
