"""The status page: one HTML document from one snapshot, for a person who wants to know whether all is well.

Pure. Complete in itself: no script, nothing loaded from elsewhere. Its first line says in one sentence how things are
and what to do; the rest shows why.
"""

from producer.telemetry.page.document import render
from producer.telemetry.page.style import CONTENT_SECURITY_POLICY

__all__ = ["CONTENT_SECURITY_POLICY", "render"]
