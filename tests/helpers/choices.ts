/** Each element with all the others. */
export function withoutEach<T>(items: readonly T[]): [one: T, others: T[]][] {
  return items.map((one) => [one, items.filter((item) => item !== one)]);
}

/** Every choice of `count` of the items, in lexicographic order. */
export function choices<T>(items: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return items.flatMap((first, i) => choices(items.slice(i + 1), count - 1).map((rest) => [first, ...rest]));
}
