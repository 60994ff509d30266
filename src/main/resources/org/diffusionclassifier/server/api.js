// The server's interface for the page's scripts: requests with the token, events while a job runs, files to save.

const KEY = "token";

// A link may bring the token behind the #, which browsers do not send; it does not stay in the address.
const brought = new URLSearchParams(location.hash.slice(1)).get(KEY);
if (brought) {
  sessionStorage.setItem(KEY, brought);
  history.replaceState(null, "", location.pathname);
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** What the server refuses, with its line. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const response = await fetch(path, { ...options,
    headers: { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) } });
  if (!response.ok) {
    const problem = await response.json().catch(() => ({ error: response.statusText }));
    throw new Refused(response.status, problem.error);
  }
  return response;
}

export async function get(path) {
  return (await ask(path)).json();
}

/** Sends a form, and gives its answer. */
export async function post(path, form, signal) {
  return (await ask(path, { method: "POST", body: form, signal })).json();
}

export function stop(id) {
  return post(`v1/stop?id=${id}`);
}

/** Sends a form, calls `handlers[event](data)` for each event, and gives the data of the last one, the result. */
export async function follow(path, form, handlers) {
  const response = await ask(path, { method: "POST", body: form, headers: { Accept: "text/event-stream" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      throw new Refused(0, "the server broke off");
    }
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [name, data] = text.slice(0, end).split("\n").map(line => line.slice(line.indexOf(":") + 2));
      text = text.slice(end + 2);
      const found = JSON.parse(data);
      if (name === "failed") {
        throw new Refused(found.status, found.error);
      }
      if (name === "result") {
        return found;
      }
      handlers[name]?.(found);
    }
  }
}

/** Offers a text as a file to save. */
export function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** An element with its properties and children. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Markup of the server's, whose names and captions are text already. */
export function markup(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
