// Lengths and areas on the WGS-84 ellipsoid, and the offset of Chinese public maps.

const A = 6378137;
const F = 1 / 298.257223563;
const B = A * (1 - F);
const E2 = F * (2 - F);
const RADIANS = Math.PI / 180;

/** Return the geodesic distance of two places {lat, lng} in metres, by Vincenty's inverse formula; exact to a millimetre. */
export function distanceM(one, other) {
  const { sin, cos, atan2, sqrt } = Math;
  const spread = (other.lng - one.lng) * RADIANS;
  const [u1, u2] = [one, other].map(({ lat }) => Math.atan((1 - F) * Math.tan(lat * RADIANS)));
  let lambda = spread;
  for (let turn = 0; turn < 100; turn += 1) {
    const cross = sqrt((cos(u2) * sin(lambda)) ** 2 + (cos(u1) * sin(u2) - sin(u1) * cos(u2) * cos(lambda)) ** 2);
    if (cross === 0) return 0;
    const dot = sin(u1) * sin(u2) + cos(u1) * cos(u2) * cos(lambda);
    const sigma = atan2(cross, dot);
    const sinAlpha = (cos(u1) * cos(u2) * sin(lambda)) / cross;
    const cos2Alpha = 1 - sinAlpha ** 2;
    const middle = cos2Alpha ? dot - (2 * sin(u1) * sin(u2)) / cos2Alpha : 0;
    const c = (F / 16) * cos2Alpha * (4 + F * (4 - 3 * cos2Alpha));
    const before = lambda;
    lambda = spread + (1 - c) * F * sinAlpha * (sigma + c * cross * (middle + c * dot * (2 * middle ** 2 - 1)));
    if (Math.abs(lambda - before) > 1e-12) continue;
    const k = (cos2Alpha * (A ** 2 - B ** 2)) / B ** 2;
    const bigA = 1 + (k / 16384) * (4096 + k * (-768 + k * (320 - 175 * k)));
    const bigB = (k / 1024) * (256 + k * (-128 + k * (74 - 47 * k)));
    const inner = dot * (2 * middle ** 2 - 1) - (bigB / 6) * middle * (4 * cross ** 2 - 3) * (4 * middle ** 2 - 3);
    return B * bigA * (sigma - bigB * cross * (middle + (bigB / 4) * inner));
  }
  return NaN; // two places on opposite sides of the earth
}

/** Return the length of a line of places, metres. */
export function lengthM(places) {
  return places.slice(1).reduce((sum, place, n) => sum + distanceM(places[n], place), 0);
}

/** Return the area of a ring of places in square metres: on the sphere of the ellipsoid's own area, by authalic latitudes. */
export function areaM2(ring) {
  const q = (lat) => {
    const s = Math.sin(lat);
    const e = Math.sqrt(E2);
    return (1 - E2) * (s / (1 - E2 * s * s) - Math.log((1 - e * s) / (1 + e * s)) / (2 * e));
  };
  const pole = q(Math.PI / 2);
  const radius2 = (A * A * pole) / 2;
  const sine = ({ lat }) => q(lat * RADIANS) / pole;
  let sum = 0;
  ring.forEach((place, n) => {
    const next = ring[(n + 1) % ring.length];
    sum += (next.lng - place.lng) * RADIANS * (sine(place) + sine(next));
  });
  return Math.abs(sum * radius2) / 2;
}

/** Return where GCJ-02 puts a place of WGS-84; outside China both are the same. */
export function toGcj02({ lat, lng }) {
  if (lng < 72.004 || lng > 137.8347 || lat < 0.8293 || lat > 55.8271) return { lat, lng };
  const [x, y] = [lng - 105, lat - 35];
  const { sin, sqrt, abs, PI } = Math;
  const common = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common
    + ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3 + ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common
    + ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3 + ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const [a, ee] = [6378245, 0.00669342162296594323];
  const magic = 1 - ee * sin(lat * RADIANS) ** 2;
  return {
    lat: lat + (north * 180) / (((a * (1 - ee)) / (magic * sqrt(magic))) * PI),
    lng: lng + (east * 180) / ((a / sqrt(magic)) * Math.cos(lat * RADIANS) * PI),
  };
}
