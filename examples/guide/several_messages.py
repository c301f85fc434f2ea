"""Several messages: variables may stand in any of them."""

import openai
import pandas as pd

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-4o-mini",
        task=openai.chat.completions,
        name="model",
        messages=[
            {"role": "system", "content": "You translate into {language}. Keep the tone of the original."},
            {"role": "user", "content": "{text}"},
        ],
    )

model = quire.pyfunc.load_model(info.model_uri)
work = pd.DataFrame({"language": ["Italian", "Welsh"], "text": ["The train is late again.", "Mind the gap."]})
for answer in model.predict(work):
    print(answer)
