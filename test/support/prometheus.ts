/** A metric that an expression of PromQL reads, and the labels it asks for. */
export interface Selector {
  readonly name: string;
  readonly labels: readonly string[];
}

const grouping = /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g;
const selector = /(?<![\w:.])([A-Za-z_:][\w:]*)(?![\w:])(?!\s*\()(?:\{([^}]*)\})?/g;
const words = new Set(['and', 'or', 'unless', 'bool', 'offset']);

/** What the expression reads. */
export function selectorsOf(expression: string): readonly Selector[] {
  const bare = withoutTexts(expression)
    .replaceAll(grouping, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ');
  return [...bare.matchAll(selector)]
    .map(([, name = '', matchers = '']) => ({ name, labels: matchers.match(/\w+/g) ?? [] }))
    .filter(({ name }) => !words.has(name));
}

/** The labels that the expression groups by. */
export function groupedBy(expression: string): readonly string[] {
  const lists = [...withoutTexts(expression).matchAll(grouping)].map(([, list = '']) => list);
  return lists.flatMap((list) => list.match(/\w+/g) ?? []);
}

/** The metrics with a value in a text of /metrics, each with its labels. */
export function samplesOf(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const samples = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = samples.get(name) ?? new Set();
    for (const [, label = ''] of withoutTexts(labels).matchAll(/(\w+)=/g)) known.add(label);
    samples.set(name, known);
  }
  return samples;
}

function withoutTexts(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
}
