// The page: tabs, and the form of the first, with its queue of pictures. race.js draws each picture's race, compare.js
// has the other two tabs.

import { element, get, keepToken, save } from "./api.js";
import { Race, csv } from "./race.js";
import { matching, referring } from "./compare.js";

const MOST_AT_ONCE = 3;     // a browser opens six connections, and one is needed to stop a race

const $ = id => document.getElementById(id);
const chosen = [];
const queue = [];
const answers = [];
let running = 0;
let atOnce = 1;

function addPictures(files) {
  for (const file of files) {
    if (!file.type.startsWith("image/") && file.type !== "") {
      $("problem").textContent = `${file.name} is no picture`;
      continue;
    }
    $("problem").textContent = "";
    chosen.push(file);
    const remove = element("button", { type: "button", ariaLabel: `Leave out ${file.name}` }, "×");
    const item = element("li", {}, element("img", { src: URL.createObjectURL(file), alt: file.name, title: file.name }),
      remove);
    remove.onclick = () => {
      chosen.splice(chosen.indexOf(file), 1);
      item.remove();
    };
    $("chosen").append(item);
  }
}

/** What the form asks for, as fields of a request. */
function fields() {
  const kind = document.querySelector("input[name=kind]:checked").value;
  const lines = $("classes").value.split("\n").map(line => line.trim()).filter(line => line);
  const asked = [["explain", "true"], ["report", "true"], ["strategy", $("strategy").value]];
  if (kind !== "own") {
    asked.push(...lines.map(line => [kind, line]));
  }
  if (kind === "classes" && !$("template-line").hidden && $("template").value) {
    asked.push(["template", $("template").value]);
  }
  if ($("strategy").value === "race") {
    asked.push(["confidence", $("confidence").value], ["maxTrials", $("trials").value]);
  } else if ($("strategy").value === "exhaustive") {
    asked.push(["nSamples", $("trials").value]);
  }
  asked.push(["seed", $("seed").value]);
  return asked.filter(([, value]) => value !== "");
}

function start() {
  const kind = document.querySelector("input[name=kind]:checked").value;
  const problem = !chosen.length ? "Choose a picture first" : kind !== "own" && !$("classes").value.trim()
    ? "Type what to compare the pictures with" : "";
  $("problem").textContent = problem;
  if (problem) {
    $(chosen.length ? "classes" : "pictures").focus();
    return;
  }
  const asked = fields();
  for (const file of chosen.splice(0)) {
    const race = new Race(file);
    $("results").prepend(race.card);
    queue.push({ race, asked });
  }
  $("chosen").replaceChildren();
  work();
}

function work() {
  while (running < atOnce && queue.length) {
    const { race, asked } = queue.shift();
    running++;
    race.run(asked).then(answer => {
      running--;
      if (answer) {
        const { report, explanation, ...kept } = answer;
        answers.push(kept);
        $("saving").hidden = false;
      }
      work();
    });
  }
}

function showKind() {
  const kind = document.querySelector("input[name=kind]:checked").value;
  $("own").hidden = kind !== "own";
  $("names").hidden = kind === "own";
  $("template-line").hidden = kind !== "classes" || $("template-line").dataset.none === "true";
}

async function describe() {
  const model = await get("v1/model");
  atOnce = Math.min(MOST_AT_ONCE, model.devices.length);
  $("template").value = model.template;
  $("template-line").dataset.none = model.labels.length > 0;
  $("kind-prompts").hidden = model.labels.length > 0;
  $("own").textContent = model.classes.slice(0, 30).join(", ")
    + (model.classes.length > 30 ? ` and ${model.classes.length - 30} more` : "");
  if (!model.classes.length) {
    document.querySelector("input[value=own]").parentElement.hidden = true;
    document.querySelector("input[value=classes]").checked = true;
  }
  for (const tab of ["match", "refer"]) {
    $(`tab-${tab}`).hidden = model.labels.length > 0;
  }
  const bundled = document.querySelector("#bundled div");
  bundled.replaceChildren(...model.pictures.map(path => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return element("button", { type: "button", title: name, onclick: async () =>
      addPictures([new File([await (await fetch(path)).blob()], name, { type: "image/png" })]) },
    element("img", { src: path, alt: name, loading: "lazy" }));
  }));
  showKind();
}

function begin() {
  describe().then(() => {
    $("access").hidden = true;
    $("problem").textContent = "";
  }).catch(problem => {
    $("access").hidden = problem.status !== 401;
    $("problem").textContent = problem.message;
  });
}

/** Arrow keys move between tabs, as the pattern of ARIA has it. */
function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const show = tab => all.forEach(other => {
    other.setAttribute("aria-selected", other === tab);
    other.tabIndex = other === tab ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = other !== tab;
  });
  all.forEach(tab => {
    tab.onclick = () => show(tab);
    tab.onkeydown = event => {
      const seen = all.filter(other => !other.hidden);
      const step = { ArrowRight: 1, ArrowLeft: seen.length - 1 }[event.key];
      if (step) {
        const next = seen[(seen.indexOf(tab) + step) % seen.length];
        show(next);
        next.focus();
      }
    };
  });
}

/** A field that takes dropped files as chosen ones. */
function droppable(label, take) {
  for (const type of ["dragover", "dragleave", "drop"]) {
    label.addEventListener(type, event => {
      event.preventDefault();
      label.classList.toggle("over", type === "dragover");
      if (type === "drop") {
        take(event.dataTransfer.files);
      }
    });
  }
}

$("question").onsubmit = event => {
  event.preventDefault();
  start();
};
$("pictures").onchange = event => {
  addPictures(event.target.files);
  event.target.value = "";
};
droppable($("drop"), addPictures);
document.querySelectorAll("#match .drop, #refer .drop").forEach(label => droppable(label, files => {
  const input = label.querySelector("input");
  input.files = files;
  input.dispatchEvent(new Event("change"));
}));
addEventListener("paste", event => {
  if (!$("classify").hidden && event.clipboardData.files.length) {
    addPictures(event.clipboardData.files);
  }
});
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", event => event.preventDefault());
document.querySelectorAll("input[name=kind]").forEach(input => {
  input.onchange = showKind;
});
$("strategy").onchange = () => {
  $("confidence").disabled = $("strategy").value !== "race";
  $("trials").disabled = $("strategy").value === "staged";
};
$("save-json").onclick = () => save("results.json", "application/json", JSON.stringify(answers, null, 2));
$("save-csv").onclick = () => save("results.csv", "text/csv", csv(answers));
$("access").onsubmit = event => {
  event.preventDefault();
  keepToken($("token").value);
  begin();
};
tabs();
matching($("match"));
referring($("refer"));
begin();
