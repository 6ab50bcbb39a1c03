'use strict';

/** The whole application: a page of what the server says about it. */
async function start() {
  const { name, features } = await (await fetch('/api/config')).json();
  const list = features.map((feature) => document.tag('li', {}, feature));
  document.querySelector('#root').append(document.tag('h1', {}, name), document.tag('ul', {}, ...list));
}

void start();
