"""A server that holds one of each thing that the web interface shows, and the addresses of its pages."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import quire
from quire import trials
from quire.evaluate import load_evaluation
from quire.review import Question, create_queue
from quire.scorers import ExactMatch

ONE_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
VARIANTS = ("as it is", "with a number")
PAGES = {
    "home": "/",
    "runs": "/runs",
    "run": "/runs/{run}",
    "compare": '/compare?runs=["{run}","{other}"]',
    "prompts": "/prompts",
    "prompt": "/prompts/{prompt}",
    "playground": '/playground?bases=["prompts:/{prompt}/1","models:/{model}/1"]',
    "evaluations": "/evaluations",
    "evaluation": "/evaluations/{evaluation}",
    "compared": "/evaluations/{compared}",
    "row": "/evaluations/{compared}?at=1",
    "traces": "/traces",
    "trace": "/traces/{trace}",
    "review": "/review",
    "queue": "/review/{queue}",
    "pairs": "/review/{pairs}",
    "agreement": "/review/{queue}?view=agreement",
    "endpoints": "/endpoints",
    "endpoint": "/endpoints/{endpoint}",
    "trial": "/trials/{trial}",
    "models": "/models",
    "model": "/models/{model}",
    "version": "/models/{model}/versions/1",
    "settings": "/settings",
}


@dataclass(frozen=True)
class Words:
    """What the things are called and say."""

    slug: str
    """A word of them all, of which names are made that must be plain."""
    name: str
    line: str
    text: str
    big: str
    links: str
    deep: str


class Everything:
    """A server full of such words, and the addresses of its things."""

    def __init__(self, url: str, words: Words) -> None:
        self.url, self.words = url, words
        quire.set_tracking_uri(url)
        self.experiment = quire.create_experiment(words.name)
        quire.set_experiment(experiment_id=self.experiment)
        self.runs = [self._run(number) for number in range(2)]
        self.trace = self._trace()
        self._prompt()
        self.dataset = quire.genai.datasets.create_dataset(words.name, experiment_id=[self.experiment])
        record = {"question": words.text, "<b>field</b>": [words.text, {"deep": words.text}]}
        self.dataset.merge_records([{"inputs": record, "expectations": {"answer": words.text}}])
        self.evaluation, self.compared = self._evaluate(), self._compare()
        self._endpoint()
        self.trial = self._trial()
        self.queue, self.pairs = self._queues()
        self._comments()

    def address(self, page: str) -> str:
        """The path of a page, of ``PAGES``."""
        slug = self.words.slug
        return PAGES[page].format(
            run=self.runs[0],
            other=self.runs[1],
            prompt=slug,
            model=f"{slug}-model",
            endpoint=f"{slug}-endpoint",
            evaluation=self.evaluation,
            compared=self.compared,
            trace=self.trace,
            trial=self.trial,
            queue=self.queue,
            pairs=self.pairs,
        )

    def _run(self, number: int) -> str:
        words = self.words
        with quire.start_run(run_name=words.name, tags={"tag": words.text, "mlflow.note.content": words.text}) as run:
            quire.log_params({"param": words.text[:5_000] + str(number), "other param: x/y": words.name})
            for step in range(3):
                quire.log_metric("metric: a/b", number + step, step=step)
            quire.log_text(words.text, "page.html")
            quire.log_text(f"# {words.text}", "notes.md")
            quire.log_text(words.deep, "deep.json")
            picture = '<svg xmlns="http://www.w3.org/2000/svg" onload="window.__owned=1">'
            quire.log_text(f"{picture}{words.slug}</svg>", "x.svg")
            broken = b"\xff\xfe\xc3( \xed\xa0\x80 " + words.slug.encode()
            for name, content in (("bad.txt", broken), ("dot.png", ONE_PIXEL)):
                path = Path(name)
                path.write_bytes(content)
                quire.log_artifact(path)
                path.unlink()
        return str(run.info.run_id)

    def _trace(self) -> str:
        words, line = self.words, self.words.line
        with quire.start_span(words.name) as span:
            content = [{"type": "text", "text": words.text}, {"type": line, "x": words.links}]
            messages = [
                {"role": "system", "content": words.text},
                {"role": words.name, "name": line, "content": words.big},
                {"role": "user", "content": content},
                {"role": "tool", "tool_call_id": line, "content": words.deep},
            ]
            call = {"id": line, "type": "function", "function": {"name": line, "arguments": words.deep}}
            span.set_inputs({"messages": messages, "model": line})
            span.set_attribute("attribute <b>", words.text)
            with quire.start_span(line[:200]) as inner:
                inner.set_inputs(words.text)
                inner.set_outputs({"nul": "a\x00b", "deep": json.loads("[" * 200 + "]" * 200), "line": line})
            answer = {"role": "assistant", "content": words.text, "tool_calls": [call]}
            span.set_outputs({"choices": [{"message": answer}]})
        trace_id = str(span.trace_id)
        quire.log_feedback(trace_id=trace_id, name="feedback", value=words.text[:900], rationale=words.text)
        return trace_id

    def _prompt(self) -> None:
        words = self.words
        for number in range(2):
            quire.register_prompt(
                words.slug,
                [{"role": "system", "content": f"{words.text} {number}"}, {"role": "user", "content": "{{question}}"}],
                commit_message=f"{words.text} {number}",
                tags={"tag": words.text[:4_000]},
                model_config={"model_name": "gpt-4o-mini"},
            )

    def _rows(self) -> list[dict[str, Any]]:
        text = self.words.text
        return [
            {
                "inputs": {"question": f"{text} {number}"},
                "outputs": {"answer": text},
                "expectations": {"answer": text, "expected_response": text},
            }
            for number in range(3)
        ]

    def _evaluate(self) -> str:
        done = quire.evaluate(self._rows(), None, scorers=[ExactMatch()], run_name=self.words.name)
        return str(done.run_id)

    def _compare(self) -> str:
        rows = [{name: row[name] for name in ("inputs", "expectations")} for row in self._rows()]
        text = self.words.text
        variants = {VARIANTS[0]: lambda question: text, VARIANTS[1]: lambda question: f"{text} {question[-1]}"}
        done = quire.evaluate(rows, variants, scorers=[ExactMatch()], run_name=self.words.name)
        return str(done.run_id)

    def _endpoint(self) -> None:
        slug = self.words.slug
        with quire.start_run():
            messages = [{"role": "user", "content": f"{self.words.line.replace('{', '')} {{question}}"}]
            named = {"name": "m", "registered_model_name": f"{slug}-model"}
            quire.openai.log_model("gpt-4o-mini", "chat.completions", messages=messages, **named)
        body = {"endpoint": {"name": f"{slug}-endpoint", "model": f"models:/{slug}-model/1"}}
        answer = httpx.put(f"{self.url}/api/quire/v1/endpoints/{slug}-endpoint", json=body)
        assert answer.status_code == 200, answer.text

    def _trial(self) -> str:
        metrics = [trials.TrialMetric(name="thumb", low=0, high=1)]
        arms = {"plain": 1, self.words.slug: 2}
        about = {"name": self.words.line[:200], "reason": self.words.text[:900]}
        trial = trials.start(f"prompts:/{self.words.slug}", arms, metrics, guardrails={"failed": 0.02}, **about)  # type: ignore[arg-type]
        return trial.trial_id

    def _queues(self) -> tuple[str, str]:
        words = self.words
        questions = [
            Question(name=words.line[:200], text=words.text, choices=[words.line, words.name]),
            Question(name="why", text=words.text, kind="text"),
        ]
        single = create_queue(words.name[:240], questions)
        single.add_traces([self.trace])
        evaluation = load_evaluation(self.compared)
        single.add_rows(evaluation.rows(VARIANTS[0]), variant=VARIANTS[0], run_id=self.compared)
        for item in list(single.items.values())[:2]:
            for person in ("Bob", words.name[:100]):
                single.label(item.item_id, person, words.line, question=words.line[:200], comment=words.text)
        pairs = create_queue(f"pairs {words.name[:200]}", Question(name="better", text=words.text), pairs=True)
        first, second = (evaluation.rows(variant) for variant in VARIANTS)
        pairs.add_pairs(first, second, a=VARIANTS[0], b=VARIANTS[1], run_id=self.compared)
        return single.run_id, pairs.run_id

    def _comments(self) -> None:
        for kind, subject in (("run", self.runs[0]), ("prompt", self.words.slug), ("trace", self.trace)):
            said = {"subject_kind": kind, "subject_id": subject, "text": self.words.text}
            answer = httpx.post(f"{self.url}/api/quire/v1/comments", json={**said, "author": self.words.line[:100]})
            assert answer.status_code == 200, answer.text
