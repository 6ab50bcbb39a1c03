'use strict';

/** How the resources of this page came, as the browser measured it. */
function showResources() {
  const rows = document.querySelector('#resources tbody');
  for (const { name, initiatorType, startTime, responseEnd } of performance.getEntriesByType('resource')) {
    const row = document.createElement('tr');
    const cells = [new URL(name).pathname, initiatorType, `${startTime.toFixed(1)} ms`, `${responseEnd.toFixed(1)} ms`];
    for (const text of cells) row.append(Object.assign(document.createElement('td'), { textContent: text }));
    rows.append(row);
  }
}

/** The arm of the experiment, which the response of the page itself names. */
function showArm() {
  const shown = document.querySelector('#arm');
  if (shown === null) return;
  const [page] = performance.getEntriesByType('navigation');
  const arm = page.serverTiming.find(({ name }) => name === 'arm');
  if (arm !== undefined) shown.textContent = arm.description;
}

addEventListener('load', () => {
  showResources();
  showArm();
});
