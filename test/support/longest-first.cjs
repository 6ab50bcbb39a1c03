const { default: Sequencer } = require('@jest/test-sequencer');

/** What starts other programs, from what takes minutes down: begun last, such a file would keep one core busy alone. */
const LONGEST = [
  /cli[\\/]generated-apps/,
  /samples[\\/]monitoring-dashboard\.browser/,
  /samples[\\/](monitoring-dashboard|cancellation|circuit-breaker-under-fire)/,
  /samples[\\/]|database[\\/]|views[\\/]changing-files/,
];

/** Where nothing is known of earlier runs, as in a fresh clone, files would be taken by their size. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const found = LONGEST.findIndex((pattern) => pattern.test(path));
      return found === -1 ? LONGEST.length : found;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
