"""What pyproject.toml can't say: a wheel begins with no file of an earlier one."""

import shutil

from setuptools import setup
from setuptools.command.build_py import build_py


class FreshBuild(build_py):
    """Setuptools packs all that lies under build/: a Lua script that has another name now, twice."""

    def run(self) -> None:
        """Build the packages where nothing is."""
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build_py": FreshBuild})
