"""Picture files to arrays and back, with nothing lost on the way."""

from restore.images.atomic import replacing
from restore.images.find import EXTENSIONS, find_pictures
from restore.images.former_quality import former_quality
from restore.images.grid import labelled_grid
from restore.images.jpeg import jpeg_round_trip
from restore.images.jpeg_grid import JpegGrid, jpeg_grid
from restore.images.jpeg_quality import jpeg_quality
from restore.images.local_features import Features, Shared, find_shared, local_features
from restore.images.picture import Metadata, Picture
from restore.images.pixels import decode_pixels, read_pixels, to_eight_bits
from restore.images.planes import to_planes
from restore.images.read import MAX_PIXELS, read_file, read_picture
from restore.images.tensors import to_pixels, to_tensor
from restore.images.transparency import fill_hidden
from restore.images.webp import webp_round_trip
from restore.images.write import check_size, write_picture

__all__ = [
    "EXTENSIONS",
    "MAX_PIXELS",
    "Features",
    "JpegGrid",
    "Metadata",
    "Picture",
    "Shared",
    "check_size",
    "decode_pixels",
    "fill_hidden",
    "find_pictures",
    "find_shared",
    "former_quality",
    "jpeg_grid",
    "jpeg_quality",
    "jpeg_round_trip",
    "labelled_grid",
    "local_features",
    "read_file",
    "read_picture",
    "read_pixels",
    "replacing",
    "to_eight_bits",
    "to_pixels",
    "to_planes",
    "to_tensor",
    "webp_round_trip",
    "write_picture",
]
