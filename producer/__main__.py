"""`python -m producer` is `genesys-producer`."""

import sys

from producer.cli import main

sys.exit(main())
