'use strict';
// Every text of the data reaches the page by textContent: nothing of it is ever read as markup.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const STEP = 500;
  const STATES = ['failed', 'progressing', 'ready'];
  const rows = [];
  for (const environment of data.environments) {
    for (const part of environment.parts) rows.push({ environment, part, text: searched(environment, part) });
  }
  rows.sort((a, b) => STATES.indexOf(a.part.state) - STATES.indexOf(b.part.state));

  const view = { states: new Set(['failed', 'progressing']), words: [], environment: '', most: STEP };
  if (!rows.some((row) => view.states.has(row.part.state))) view.states.add('ready');

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function searched(environment, part) {
    const of = [environment.name, name(part), part.title, part.state];
    for (const one of part.troubles) of.push(one.phase, one.kind, one.name, one.reason, one.message, one.said, one.next);
    return of.filter(Boolean).join('\n').toLowerCase();
  }

  function name(part) {
    return part.client === null ? 'environment' : part.client;
  }

  function age(environment, since) {
    const seconds = Math.max(0, (Date.parse(environment.at) - Date.parse(since)) / 1000);
    if (seconds < 120) return `${Math.round(seconds)} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} days`;
  }

  function trouble(environment, one) {
    const box = element('div', 'trouble');
    if (one.phase) box.append(element('span', 'phase', `${one.phase}  `));
    if (one.kind) box.append(element('span', 'object', `${one.kind} ${one.name}: `));
    box.append(element('span', 'message', one.message));
    if (one.said) box.append(element('span', 'said', `: “${one.said}”`));
    const times = [];
    if (one.reason) times.push(one.since ? `${one.reason} for ${age(environment, one.since)}` : one.reason);
    if (one.restarts) times.push(`${one.restarts} restarts`);
    if (times.length > 0) box.append(element('span', 'times', ` (${times.join(', ')})`));
    if (one.next) box.append(element('code', 'next', one.next));
    return box;
  }

  function row({ environment, part }) {
    const made = element('tr');
    const client = element('td');
    client.append(element('span', 'client', name(part)), element('span', 'title', part.title));
    const what = element('td');
    if (part.troubles.length === 0) what.append(element('span', 'times', `${part.objects} objects`));
    for (const one of part.troubles) what.append(trouble(environment, one));
    made.append(element('td', part.state, part.state), element('td', '', environment.name), client, what);
    return made;
  }

  function found() {
    return rows.filter(
      ({ environment, part, text }) =>
        view.states.has(part.state) &&
        (view.environment === '' || environment.name === view.environment) &&
        view.words.every((word) => text.includes(word)),
    );
  }

  function show() {
    const all = found();
    document.getElementById('rows').replaceChildren(...all.slice(0, view.most).map(row));
    document.getElementById('more').hidden = all.length <= view.most;
    document.getElementById('shown').textContent = `${all.length} of ${rows.length}`;
    for (const button of document.querySelectorAll('#filters button')) {
      button.setAttribute('aria-pressed', String(view.states.has(button.value)));
    }
  }

  function narrowed() {
    view.most = STEP;
    show();
  }

  for (const state of STATES) {
    const n = rows.filter((row) => row.part.state === state).length;
    const button = element('button', state, `${n.toLocaleString('en')} ${state}`);
    button.type = 'button';
    button.value = state;
    button.addEventListener('click', () => {
      if (!view.states.delete(state)) view.states.add(state);
      narrowed();
    });
    document.getElementById('filters').append(button);
  }
  const select = document.getElementById('environment');
  for (const one of ['', ...data.environments.map((environment) => environment.name)]) {
    const option = element('option', '', one === '' ? 'all environments' : one);
    option.value = one;
    select.append(option);
  }
  select.addEventListener('change', () => {
    view.environment = select.value;
    narrowed();
  });
  const search = document.getElementById('search');
  search.addEventListener('input', () => {
    view.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    // Whoever looks for something looks among what is ready, too.
    if (view.words.length > 0) STATES.forEach((state) => view.states.add(state));
    narrowed();
  });
  document.getElementById('more').addEventListener('click', () => {
    view.most += STEP;
    show();
  });

  const about = [];
  if (data.commit) about.push(`commit ${data.commit.commit.slice(0, 7)} (${data.commit.summary})`);
  for (const one of data.environments) about.push(`${one.name} at ${one.at}`);
  document.getElementById('about').textContent = about.slice(0, 6).join(' · ');
  for (const environment of data.environments) {
    for (const one of environment.foreign) {
      document.getElementById('foreign').hidden = false;
      document.getElementById('foreign-list').append(element('li', '', `${environment.name}: ${one.kind} ${one.name}`));
    }
  }
  show();
})();
