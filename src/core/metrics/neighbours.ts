/** Squared Euclidean distance of two vectors of one length. */
export function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) {
    const gap = (a[at] as number) - (b[at] as number);
    sum += gap * gap;
  }
  return sum;
}

/** For each point the index of its nearest other one, the first of equals; none for a single point. */
export function nearest(points: readonly ArrayLike<number>[]): number[] {
  return points.flatMap((point, at) => {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (const [other, vector] of points.entries()) {
      const distance = other === at ? Number.POSITIVE_INFINITY : squaredDistance(point, vector);
      if (distance < least) [best, least] = [other, distance];
    }
    return best === -1 ? [] : [best];
  });
}
