"""A logged model's name: `name=`, or `artifact_path=` in older scripts; and the ways to load it."""

import quire

MESSAGES = [{"role": "user", "content": "Spell {word} backwards."}]

with quire.start_run() as run:
    quire.openai.log_model(
        model="gpt-4o-mini",
        task="chat.completions",
        name="newer",
        messages=MESSAGES,
        registered_model_name="speller",
    )
    quire.openai.log_model(
        model="gpt-4o-mini",
        task="chat.completions",
        artifact_path="older",
        messages=MESSAGES,
    )

for uri in ("models:/speller/1", f"runs:/{run.info.run_id}/newer", f"runs:/{run.info.run_id}/older"):
    print(quire.pyfunc.load_model(uri).predict(["stressed"]))
