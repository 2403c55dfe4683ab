from pathlib import Path

import pytest

from tests.support.web_service import Service, build_page


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(static_dir=build_page(tmp_path / "static"))
