"""``python -m weibao_lab``."""

from weibao_lab.cli import main

if __name__ == "__main__":
    main()
