"""`python -m producer.dev.reference FOLDER`: write the generated reference there."""

import sys
from pathlib import Path

from producer.dev.reference import write

write(Path(sys.argv[1]))
