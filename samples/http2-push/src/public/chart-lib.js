'use strict';

const SVG = 'http://www.w3.org/2000/svg';

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A bar chart of `[{ day, value }]`. */
function barChart(points, { width = 280, height = 140 } = {}) {
  const most = Math.max(...points.map(({ value }) => value), 1);
  const step = width / points.length;
  const chart = element('svg', { viewBox: `0 0 ${width} ${height + 16}`, role: 'img' });
  points.forEach(({ day, value }, at) => {
    const tall = (value / most) * height;
    chart.append(element('rect', { x: at * step + 4, y: height - tall, width: step - 8, height: tall, rx: 3 }));
    chart.append(element('text', { x: at * step + step / 2, y: height + 12, 'text-anchor': 'middle' }, day));
  });
  return chart;
}

document.barChart = barChart;
