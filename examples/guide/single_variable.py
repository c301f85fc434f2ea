"""One variable: every row of a dataframe fills it."""

import openai
import pandas as pd

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-4o-mini",
        task=openai.chat.completions,
        name="model",
        messages=[{"role": "user", "content": "Write one sentence in praise of {vegetable}."}],
    )

model = quire.pyfunc.load_model(info.model_uri)
for answer in model.predict(pd.DataFrame({"vegetable": ["leeks", "beetroot"]})):
    print(answer)

# With a single variable the column's name does not matter, and neither a dataframe nor a list is needed.
print(model.predict(["celery"])[0])
