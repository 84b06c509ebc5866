import type { Standing } from '../ledger/index.js';
import type { GaugeLabels, GaugeName, Metrics } from './measures.js';

/** Measures how everything stands, each time all of it: what was there and no longer is, is 0. */
export function measureStanding(metrics: Metrics): (standing: Partial<Standing>) => void {
  const moneyWaiting = wholeGauge(metrics, 'moneyWaiting');
  const operationsWaiting = wholeGauge(metrics, 'operationsWaiting');
  const operationsOpen = wholeGauge(metrics, 'operationsOpen');
  const oldestOperation = wholeGauge(metrics, 'oldestOperation');
  const casesOpen = wholeGauge(metrics, 'casesOpen');
  const moneyAtRisk = wholeGauge(metrics, 'moneyAtRisk');
  const measureSinks = sinkGauges(metrics);

  return ({ waiting = [], open = [], cases = [], sinks = [], ...rest }) => {
    const waits = waiting.map(({ phase, currency, minor, operations }) => ({
      ...{ labels: { phase, currency }, minor, operations },
    }));
    moneyWaiting(waits.map(({ labels, minor }) => [labels, minor]));
    operationsWaiting(waits.map(({ labels, operations }) => [labels, operations]));
    operationsOpen(
      open.map(({ state, phase, age, operations }) => [{ state, phase, age }, operations]),
    );
    // The youngest first: of each state and phase the last one told is the oldest.
    oldestOperation(
      open
        .toSorted((one, other) => one.oldestSeconds - other.oldestSeconds)
        .map(({ state, phase, oldestSeconds }) => [{ state, phase }, oldestSeconds]),
    );
    const risks = cases.map(({ kind, currency, ...sums }) => ({
      ...{ labels: { kind, currency }, ...sums },
    }));
    casesOpen(risks.map((risk) => [risk.labels, risk.cases]));
    moneyAtRisk(risks.map((risk) => [risk.labels, risk.minor]));
    measureSinks(sinks);
    metrics.set('holdsLeaked', rest.holdsLeaked ?? 0, {});
    metrics.set('reconcilerSilent', rest.silentSeconds ?? 0, {});
  };
}

function sinkGauges(metrics: Metrics) {
  const eventsWaiting = wholeGauge(metrics, 'eventsWaiting');
  const eventsLag = wholeGauge(metrics, 'eventsLag');
  const eventsDead = wholeGauge(metrics, 'eventsDead');

  return (sinks: Standing['sinks']) => {
    eventsWaiting(sinks.map(({ sink, waiting }) => [{ sink }, waiting]));
    eventsLag(sinks.map(({ sink, oldestSeconds }) => [{ sink }, oldestSeconds]));
    eventsDead(sinks.map(({ sink, dead }) => [{ sink }, dead]));
  };
}

/** Sets all values of a gauge at once. */
function wholeGauge<Name extends GaugeName>(metrics: Metrics, name: Name) {
  const told = new Map<string, GaugeLabels<Name>>();
  return (values: readonly (readonly [GaugeLabels<Name>, number])[]) => {
    const gone = new Map(told);
    for (const [labels, value] of values) {
      const key = JSON.stringify(labels);
      metrics.set(name, value, labels);
      told.set(key, labels);
      gone.delete(key);
    }
    for (const labels of gone.values()) metrics.set(name, 0, labels);
  };
}
