"""What tests share: servers, projects. Fixtures over them stand in conftest.py."""
