// The tabs that compare: two pictures with two captions, and the boxes of a picture with an expression.

import { element, post, save } from "./api.js";

/** Sends a form when its own is submitted, and shows what comes of it. */
function asking(panel, path, fill, show) {
  const form = panel.querySelector("form");
  const state = panel.querySelector(".state");
  const stop = panel.querySelector(".stop");
  form.onsubmit = async event => {
    event.preventDefault();
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    stop.hidden = false;
    state.className = "state";
    state.textContent = "running";
    panel.querySelector(".answer").replaceChildren();
    try {
      const data = new FormData();
      fill(data);
      data.append("report", "true");
      const { report, ...answer } = await post(path, data, abort.signal);
      state.textContent = `${answer.pairs} pairs in ${answer.seconds.toFixed(1)} s`;
      panel.querySelector(".answer").replaceChildren(...show(answer.answer), element("div", { className: "buttons" },
        element("button", { type: "button", onclick: () => save("report.html", "text/html", report) }, "Save report"),
        element("button", { type: "button", onclick: () => save("result.json", "application/json",
          JSON.stringify(answer, null, 2)) }, "Save JSON")));
    } catch (problem) {
      state.classList.add("wrong");
      state.textContent = abort.signal.aborted ? "stopped" : problem.message;
    }
    stop.hidden = true;
  };
}

const table = rows => element("table", { className: "numbers" }, element("tbody", {}, ...rows));
const smallest = numbers => numbers.indexOf(Math.min(...numbers));

export function matching(panel) {
  const inputs = [...panel.querySelectorAll("input[type=file]")];
  inputs.forEach(input => input.addEventListener("change", () => input.closest("div").querySelector(".shown")
    .replaceChildren(...[...input.files].map(file => element("img", { src: URL.createObjectURL(file), alt: file.name })))));
  asking(panel, "v1/match", data => {
    inputs.forEach(input => data.append("images", input.files[0]));
    panel.querySelectorAll(".caption").forEach(caption => data.append("captions", caption.value));
  }, rows => {
    const captions = rows[0].captions;
    const scores = rows.map(row => row.errors.map(error => error - row.unconditional));
    return [table([element("tr", {}, element("th"), ...captions.map(caption => element("th", {}, caption))),
      ...rows.map((row, p) => element("tr", {}, element("th", {}, row.image), ...scores[p].map((score, c) => {
        const marks = (smallest(scores[p]) === c ? " ◀" : "")
          + (smallest(scores.map(other => other[c])) === p ? " ▲" : "");
        return element("td", { className: smallest(scores[p]) === c ? "best" : "" }, score.toFixed(6) + marks);
      })))]),
    element("p", { className: "note" }, "Errors less those of the empty caption: the smaller, the better. ◀ the caption "
      + "that fits a picture best, ▲ the picture that fits a caption best.")];
  });
}

export function referring(panel) {
  const input = panel.querySelector("input[type=file]");
  const canvas = panel.querySelector(".canvas");
  const picture = canvas.querySelector("img");
  const drawing = canvas.querySelector("svg");
  const list = panel.querySelector(".boxes");
  let boxes = [];
  let chosen = null;

  function draw() {
    drawing.setAttribute("viewBox", `0 0 ${picture.naturalWidth || 1} ${picture.naturalHeight || 1}`);
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.replaceChildren(...boxes.map((box, index) => {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      ["x", "y", "width", "height"].forEach((name, i) => rect.setAttribute(name, box[i]));
      rect.setAttribute("class", index === chosen ? "box chosen" : "box");
      return rect;
    }));
    [...list.children].forEach((item, index) => item.classList.toggle("best", index === chosen));
  }

  function changed() {
    chosen = null;
    list.replaceChildren(...boxes.map((box, index) => element("li", {},
      ...["left", "top", "width", "height"].map((name, i) => element("input", { type: "number", value: box[i], min: 0,
        ariaLabel: `${name} of box ${index + 1}`, onchange: event => {
          box[i] = Number(event.target.value);
          chosen = null;
          draw();
        } })),
      element("button", { type: "button", ariaLabel: `Remove box ${index + 1}`, onclick: () => {
        boxes.splice(index, 1);
        changed();
      } }, "×"))));
    draw();
  }

  input.addEventListener("change", () => {
    boxes = [];
    picture.src = URL.createObjectURL(input.files[0]);
    picture.onload = changed;
    canvas.hidden = false;
  });
  panel.querySelector(".add").onclick = () => {
    boxes.push([0, 0, picture.naturalWidth || 1, picture.naturalHeight || 1]);
    changed();
    list.lastChild.querySelector("input").focus();
  };

  let corner = null;
  const place = event => {
    const frame = picture.getBoundingClientRect();
    const within = (value, most) => Math.round(Math.max(0, Math.min(most, value)));
    return [within((event.clientX - frame.left) / frame.width * picture.naturalWidth, picture.naturalWidth),
      within((event.clientY - frame.top) / frame.height * picture.naturalHeight, picture.naturalHeight)];
  };
  canvas.onpointerdown = event => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    corner = place(event);
    boxes.push([...corner, 0, 0]);
  };
  canvas.onpointermove = event => {
    if (corner) {
      const [x, y] = place(event);
      boxes[boxes.length - 1] = [Math.min(x, corner[0]), Math.min(y, corner[1]), Math.abs(x - corner[0]),
        Math.abs(y - corner[1])];
      draw();
    }
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    corner = null;
    boxes = boxes.filter(box => box[2] > 0 && box[3] > 0);
    changed();
  };

  asking(panel, "v1/refer", data => {
    data.append("image", input.files[0]);
    data.append("expression", panel.querySelector(".caption").value);
    boxes.forEach(box => data.append("boxes", JSON.stringify(box)));
  }, example => {
    const choice = example.choices.find(one => one.method === "sum" && one.scoring !== "raw error") ?? example.choices[0];
    chosen = choice.chosen;
    draw();
    return [element("p", { className: "headline" }, chosen === null ? "several boxes fit equally well"
      : `Box ${chosen + 1} fits best`), table(choice.scores.map((score, index) => element("tr", {},
      element("th", {}, `box ${index + 1}`), element("td", { className: index === chosen ? "best" : "" },
        score.toFixed(6)))))];
  });
}
