"""Spheres and boxes: where rays meet them, and the soft shadows that they throw."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from twostage_hdr.data.procedural.pinhole import Plane, dot, smoothstep


@dataclass(frozen=True)
class Rays:
    """Rays from a common origin (3,) along directions (3, H, W), of any length."""

    origin: Plane
    direction: Plane

    def at(self, distance: Plane) -> Plane:
        """Points (3, H, W) at multiples `distance` of the directions."""
        return self.origin.reshape(3, 1, 1) + self.direction * distance


@dataclass(frozen=True)
class Light:
    """A round light as seen from points: unit vectors (3, H, W), distance (H, W), radius over distance (H, W)."""

    direction: Plane
    distance: Plane
    spread: Plane

    @classmethod
    def at(cls, place: tuple[float, float, float], radius: float, points: Plane) -> "Light":
        """A light at `place`, seen from `points` (3, H, W)."""
        way = _vector(place) - points
        distance = np.sqrt(dot(way, way))
        return cls(way / distance, distance, np.float32(radius) / distance)

    def rows(self, span: slice) -> "Light":
        """The same, for some rows of points only."""
        return Light(self.direction[:, span], self.distance[span], self.spread[span])


@dataclass(frozen=True)
class Sphere:
    """Centre (x, y, z) and radius."""

    centre: tuple[float, float, float]
    radius: float

    @property
    def top(self) -> float:
        """Height of its highest point."""
        return self.centre[1] + self.radius

    def meet(self, rays: Rays) -> tuple[Plane, Plane]:
        """Distance (H, W), infinite where missed, and outward normal (3, H, W)."""
        offset = rays.origin.reshape(3, 1, 1) - _vector(self.centre)
        d = rays.direction
        a, b = dot(d, d), dot(d, offset)
        inside = b * b - a * (float((offset * offset).sum()) - self.radius**2)
        distance = (-b - np.sqrt(np.maximum(inside, 0))) / a
        normal = (offset + d * distance) * np.float32(1 / self.radius)
        return np.where((inside > 0) & (distance > 0), distance, np.float32(np.inf)), normal

    def shade(self, points: Plane, light: Light) -> Plane:
        """Share (H, W) of a light that the sphere lets through to each point."""
        to_centre = _vector(self.centre) - points
        along = dot(to_centre, light.direction)
        beside = np.sqrt(np.maximum(dot(to_centre, to_centre) - along * along, 0))
        penumbra = np.maximum(along, 0) * light.spread + np.float32(0.02 * self.radius)
        share = np.clip((beside - self.radius) / penumbra * 0.5 + 0.5, 0, 1)
        return np.where((along > 0) & (along < light.distance), share * share * (3 - 2 * share), np.float32(1))

    def openness(self, points: Plane, normals: Plane) -> Plane:
        """Share (H, W) of the sky over each point that the sphere leaves free."""
        to_centre = _vector(self.centre) - points
        squared = np.maximum(dot(to_centre, to_centre), np.float32(self.radius**2))
        facing = np.maximum(dot(to_centre, normals), 0)
        return 1 - facing * np.float32(self.radius**2) / (squared * np.sqrt(squared))


@dataclass(frozen=True)
class Box:
    """A box on a level floor: centre, half sides, and its turn about the vertical in radians."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    turn: float = 0.0

    @property
    def top(self) -> float:
        """Height of its highest point."""
        return self.centre[1] + self.half[1]

    def meet(self, rays: Rays) -> tuple[Plane, Plane]:
        """Distance (H, W), infinite where missed, and outward normal (3, H, W)."""
        origin, direction = self.local(rays.origin.reshape(3, 1, 1)), self._turned(rays.direction)
        enter, leave = self._slabs(origin, direction)
        distance = np.maximum(np.maximum(enter[0], enter[1]), enter[2])
        face = (np.stack(enter) >= distance) * -np.sign(direction)
        # At an edge two faces are equally near: keep one, so that the normal has length 1.
        face[1] *= face[0] == 0
        face[2] *= (face[0] == 0) & (face[1] == 0)
        hit = (distance < leave) & (distance > 0)
        return np.where(hit, distance, np.float32(np.inf)), self._turned(face, back=True)

    def shade(self, points: Plane, light: Light) -> Plane:
        """Share (H, W) of a light that the box lets through to each point."""
        near, leave = self._slabs(self.local(points), self._turned(light.direction))
        enter = np.maximum(np.maximum(near[0], near[1]), near[2])
        overlap = leave - enter
        penumbra = np.maximum(enter, 0) * light.spread * np.float32(2.5) + np.float32(0.01)
        blocked = smoothstep(-0.5, 0.5, np.clip(overlap / penumbra, -1, 1))
        return np.where((leave > 1e-3) & (enter < light.distance), 1 - blocked, np.float32(1))

    def openness(self, points: Plane, normals: Plane) -> Plane:
        """Share (H, W) of the sky over each point that the box leaves free: that of a sphere of its size."""
        return Sphere(self.centre, 0.8 * float(np.cbrt(np.prod(self.half)))).openness(points, normals)

    def local(self, points: Plane) -> Plane:
        """Points (3, H, W) in the box's own axes, centre at 0."""
        return self._turned(points - _vector(self.centre))

    def _slabs(self, origin: Plane, direction: Plane) -> tuple[list[Plane], Plane]:
        """Distances at which the rays enter each of the three slabs, and at which they leave the first one."""
        enter, leave = [], []
        for start, along, half in zip(origin, direction, self.half, strict=True):
            inverse = 1 / np.where(np.abs(along) < 1e-6, np.float32(1e-6), along)
            middle, reach = -start * inverse, np.abs(inverse) * np.float32(half)
            enter.append(middle - reach)
            leave.append(middle + reach)
        return enter, np.minimum(np.minimum(leave[0], leave[1]), leave[2])

    def _turned(self, vectors: Plane, *, back: bool = False) -> Plane:
        if self.turn == 0:
            return vectors
        cosine, sine = np.float32(np.cos(self.turn)), np.float32(np.sin(self.turn) * (-1 if back else 1))
        x, y, z = vectors
        return np.stack([cosine * x - sine * z, y, sine * x + cosine * z])


Solid: TypeAlias = Sphere | Box


def _vector(values: tuple[float, float, float]) -> Plane:
    return np.array(values, dtype=np.float32).reshape(3, 1, 1)
