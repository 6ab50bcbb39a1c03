import { byId, element, keyed, setText } from './elements.js';

const STATES = {
  closed: 'Closed',
  open: 'Open',
  'half-open': 'Half-open',
  'forced-open': 'Tripped',
  disabled: 'Disabled',
  'metrics-only': 'Observing',
};

const nameOf = ({ name, key }) => (key === undefined ? name : `${name} · ${key}`);

/** One row for each breaker, with what may be done to it. `operate(breaker, operation)` does it. */
export function breakerList(operate) {
  return keyed(byId('breakers'), nameOf, (breaker) => {
    const state = element('span', { className: 'state' });
    const counts = element('span', { className: 'counts' });
    const fill = element('span');
    const bar = element('span', { className: 'share', attributes: { 'aria-hidden': 'true' } }, fill);
    const button = (label, operation) => {
      const made = element('button', {
        text: label,
        attributes: { type: 'button', 'aria-label': `${label} ${nameOf(breaker)}` },
      });
      made.addEventListener('click', () => void operate(breaker, operation));
      return made;
    };
    const [trip, reset] = [button('Trip', 'force-open'), button('Reset', 'reset')];
    const root = element(
      'li',
      { className: 'breaker' },
      element('span', { className: 'name', text: nameOf(breaker) }),
      state,
      element('span', { className: 'window' }, bar, counts),
      element('span', { className: 'actions' }, trip, reset),
    );
    const update = (now) => {
      root.dataset.state = now.state;
      setText(state, stateText(now));
      setText(counts, countsText(now.stats));
      fill.style.inlineSize = `${now.stats.calls === 0 ? 0 : (100 * now.stats.failures) / now.stats.calls}%`;
      const focused = document.activeElement;
      trip.disabled = now.state === 'forced-open';
      reset.disabled = now.state === 'closed' && now.stats.failures === 0;
      // A button that may not be pressed loses the focus: it goes to the one beside it, and not to the top of the page.
      if (focused === trip && trip.disabled) reset.focus();
      if (focused === reset && reset.disabled) trip.focus();
    };
    return { root, update };
  });
}

function stateText({ state, remainingOpenMs }) {
  const text = STATES[state] ?? state;
  return remainingOpenMs > 0 ? `${text}, ${Math.ceil(remainingOpenMs / 1_000)} s` : text;
}

function countsText({ calls, failures, rejected }) {
  const parts = [calls === 0 ? 'no calls' : `${failures} of ${calls} failed`];
  if (rejected > 0) parts.push(`${rejected} rejected`);
  return parts.join(', ');
}

const CAUSES = { rate: 'too many failures', slow: 'too slow', manual: 'by an operator', retry_after: 'as it asked for' };
const PROBED = { closed: 'trials succeeded', open: 'a trial failed', 'half-open': 'time for a trial' };

export function stateName(state) {
  return STATES[state] ?? state;
}

export function causeOf({ to, cause }) {
  return (cause === 'probe' ? PROBED[to] : CAUSES[cause]) ?? cause;
}

/** What a change is called where it is read out. */
export function changeText(change) {
  return `${change.name} ${stateName(change.to).toLowerCase()}, ${causeOf(change)}`;
}
