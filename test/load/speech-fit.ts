/** What a recogniser saw of one clip, and whether its nearest sentence was what was said. */
export interface Sample {
  readonly features: Readonly<Record<string, number>>;
  readonly right: boolean;
}

/** Steps of gradient descent on standardised features; by then the weights no longer move. */
const STEPS = 4000;
const RATE = 0.5;
/** Keeps weights small where the samples do not decide. */
const RIDGE = 0.005;

/** Logistic regression with both classes weighted alike: weights by feature name, and `bias`. */
export function fitLogistic(samples: readonly Sample[]): Record<string, number> {
  const names = Object.keys(samples[0]?.features ?? {});
  const scale = names.map((name) => spread(samples.map(({ features }) => features[name] ?? 0)));
  const rows = samples.map(({ features, right }) => ({
    right,
    x: names.map((name, i) => ((features[name] ?? 0) - (scale[i]?.mean ?? 0)) / (scale[i]?.deviation || 1)),
  }));
  const share = rows.filter(({ right }) => right).length / rows.length;
  const weights = names.map(() => 0);
  let bias = 0;
  for (let step = 0; step < STEPS; step++) {
    const gradient = names.map((_, i) => -RIDGE * (weights[i] ?? 0));
    let ofBias = 0;
    for (const { x, right } of rows) {
      const guess = 1 / (1 + Math.exp(-x.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), bias)));
      const pull = (((right ? 1 : 0) - guess) * 0.5) / (right ? share : 1 - share) / rows.length;
      ofBias += pull;
      for (const [i, value] of x.entries()) gradient[i] = (gradient[i] ?? 0) + pull * value;
    }
    bias += RATE * ofBias;
    for (const [i, slope] of gradient.entries()) weights[i] = (weights[i] ?? 0) + RATE * slope;
  }
  const plain = weights.map((weight, i) => weight / (scale[i]?.deviation || 1));
  const shift = plain.reduce((sum, weight, i) => sum + weight * (scale[i]?.mean ?? 0), 0);
  return { ...Object.fromEntries(names.map((name, i) => [name, plain[i] ?? 0])), bias: bias - shift };
}

function spread(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}
