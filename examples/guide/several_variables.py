"""Several variables: each is filled from the column of its name, other columns are ignored."""

import openai
import pandas as pd

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-4o-mini",
        task=openai.chat.completions,
        name="model",
        messages=[{"role": "user", "content": "Explain {subject} to {audience} in two sentences."}],
    )

model = quire.pyfunc.load_model(info.model_uri)
lessons = pd.DataFrame(
    {
        "audience": ["a child", "a lawyer"],
        "subject": ["tides", "entropy"],
        "editor": ["not read", "not read"],
    }
)
for answer in model.predict(lessons):
    print(answer)
print(model.predict([{"subject": "yeast", "audience": "a poet"}])[0])
