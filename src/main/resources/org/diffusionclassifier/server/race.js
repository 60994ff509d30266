// One picture's race: bars while it runs, then the answer with its figures. `Race.run` asks the server and draws.

import { element, follow, markup, save, stop } from "./api.js";

const percent = share => share > 0.9994 ? "> 99.9" : share < 0.0006 ? "< 0.1" : (100 * share).toFixed(1);
const signed = number => (number < 0 ? "−" : "+") + Math.abs(number).toFixed(6);

export class Race {
  constructor(file) {
    this.file = file;
    this.stopped = false;
    this.rows = new Map();
    this.heading = element("h2", {}, file.name);
    this.state = element("p", { className: "state" }, "waiting");
    this.state.setAttribute("role", "status");
    this.progress = element("p", { className: "note" });
    this.bars = element("ol", { className: "bars" });
    this.buttons = element("div", { className: "buttons" });
    this.figures = element("div", { className: "figures" });
    this.stopButton = element("button", { type: "button", onclick: () => this.stop() }, "Stop");
    this.buttons.append(this.stopButton);
    const picture = element("img", { className: "picture", alt: file.name, src: URL.createObjectURL(file) });
    picture.onload = () => picture.classList.toggle("pixels", Math.max(picture.naturalWidth, picture.naturalHeight) <= 64);
    this.card = element("article", {}, this.heading, this.state,
      element("div", { className: "columns" }, element("div", {}, picture),
        element("div", {}, this.progress, this.bars, this.buttons)), this.figures);
  }

  /** Ends it with the answer so far; before it has begun, without one. */
  stop() {
    this.stopped = true;
    this.stopButton.disabled = true;
    if (this.id) {
      stop(this.id).catch(() => {});
    }
  }

  /** @returns the answer, or null without one */
  async run(fields) {
    if (this.stopped) {
      this.end("stopped before it began");
      return null;
    }
    const form = new FormData();
    form.append("image", this.file);
    fields.forEach(([name, value]) => form.append(name, value));
    try {
      const answer = await follow("v1/classify", form, {
        accepted: data => this.accepted(data),
        round: data => this.draw(data),
      });
      this.finish(answer);
      return answer;
    } catch (problem) {
      this.end(problem.message, true);
      return null;
    }
  }

  accepted({ id, ahead }) {
    this.id = id;
    this.state.textContent = ahead ? `${ahead} before it` : "running";
    if (this.stopped) {
      stop(id).catch(() => {});
    }
  }

  draw(standing) {
    if (this.state.textContent !== "running") {
      this.state.textContent = "running";
    }
    this.progress.textContent = `${standing.pairs} pairs, ${Math.round(standing.pairsPerSecond)} a second, `
      + `${standing.alive} class${standing.alive === 1 ? "" : "es"} left, `
      + `${standing.secondsAtMost.toFixed(1)} s at the most`;
    const known = standing.classes.filter(place => place.margin !== null);
    const low = Math.min(0, ...known.map(place => place.margin - (place.half ?? 0)));
    const high = Math.max(1e-9, ...known.map(place => place.margin + (place.half ?? 0)));
    const at = value => 100 * (value - low) / (high - low);
    standing.classes.forEach((place, index) => {
      const row = this.row(place.classidx);
      row.item.classList.toggle("winner", index === 0);
      row.item.classList.toggle("dropped", !place.alive);
      row.place.textContent = index + 1;
      row.name.textContent = place.className;
      row.share.textContent = `${percent(place.probability)} %`;
      const margin = place.margin ?? 0;
      row.fill.style.left = `${at(Math.min(0, margin))}%`;
      row.fill.style.width = `${at(Math.max(0, margin)) - at(Math.min(0, margin))}%`;
      row.origin.style.left = `${at(0)}%`;
      row.whisker.hidden = place.half === null;
      if (place.half !== null) {
        row.whisker.style.left = `${at(margin - place.half)}%`;
        row.whisker.style.width = `${at(margin + place.half) - at(margin - place.half)}%`;
      }
      row.number.textContent = (index === 0 ? "" : `${signed(margin)}${place.half === null ? ""
        : ` ± ${place.half.toFixed(6)}`} · `) + `${place.trials} trial${place.trials === 1 ? "" : "s"}`
        + (place.alive ? "" : ", dropped");
      if (this.bars.children[index] !== row.item) {
        this.bars.insertBefore(row.item, this.bars.children[index] ?? null);
      }
    });
  }

  row(classidx) {
    if (!this.rows.has(classidx)) {
      const row = { place: element("span"), name: element("b"), share: element("span"),
        fill: element("i", { className: "fill" }), whisker: element("i", { className: "whisker" }),
        origin: element("i", { className: "origin" }), number: element("span", { className: "number" }) };
      row.item = element("li", { className: "row" }, row.place, row.name, row.share,
        element("div", { className: "track" }, row.fill, row.whisker, row.origin), row.number);
      this.rows.set(classidx, row);
    }
    return this.rows.get(classidx);
  }

  finish(answer) {
    this.draw(answer.standing);
    const best = answer.standing.classes[0];
    this.end(`${best.className}, ${percent(best.probability)} %`
      + (answer.stopped ? ", stopped" : answer.answer.tie ? ", a tie" : ""));
    this.state.classList.add("headline");
    this.progress.textContent = `${answer.answer.pairs} pairs in ${answer.seconds.toFixed(1)} s on ${answer.device}`;
    answer.notices.forEach(notice => this.progress.append(element("br"), notice));
    if (answer.explanation) {
      this.figures.append(markup(answer.explanation));
    }
    const name = this.file.name.replace(/\.[^.]*$/, "");
    const { report, explanation, ...kept } = answer;
    this.buttons.append(
      element("button", { type: "button", onclick: () => save(`${name}.html`, "text/html", report) }, "Save report"),
      element("button", { type: "button", onclick: () => save(`${name}.json`, "application/json",
        JSON.stringify(kept, null, 2)) }, "Save JSON"),
      element("button", { type: "button", onclick: () => save(`${name}.csv`, "text/csv", csv([kept])) }, "Save CSV"));
  }

  end(words, failed = false) {
    this.stopButton.remove();
    this.state.textContent = words;
    this.state.classList.toggle("wrong", failed);
  }
}

/** A line for each prompt of each answer (RFC 4180). */
export function csv(answers) {
  const cell = value => /[",\r\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : value ?? "";
  const lines = answers.flatMap(({ answer }) => answer.ranking.map((ranked, index) => [answer.image, index + 1,
    ranked.classidx, ranked.className, ranked.prompt, ranked.meanError, ranked.margin, ranked.marginError,
    ranked.probability, ranked.errors.length]));
  return [["image", "place", "classidx", "classname", "prompt", "mean_error", "margin", "margin_error", "probability",
    "trials"], ...lines].map(line => line.map(cell).join(",")).join("\r\n") + "\r\n";
}
