"""No variables: the input is appended as one more message of the user."""

import openai
import pandas as pd

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-4o-mini",
        task=openai.chat.completions,
        name="model",
        messages=[{"role": "system", "content": "Answer as a park ranger would."}],
    )

model = quire.pyfunc.load_model(info.model_uri)
questions = pd.DataFrame({"question": ["May I feed the deer?", "Where does the path end?"]})
for answer in model.predict(questions):
    print(answer)
