"""What the page's tests share: small models as Core ML files."""

from tests.apps.conftest import classifier, locator

__all__ = ["classifier", "locator"]
