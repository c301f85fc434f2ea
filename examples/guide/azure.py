"""Azure OpenAI: the model is the same; the environment says where it is served.

Set OPENAI_API_TYPE=azure, OPENAI_API_KEY, OPENAI_API_BASE, OPENAI_API_VERSION and OPENAI_DEPLOYMENT_NAME.
"""

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-4o-mini",
        task="chat.completions",
        name="model",
        messages=[{"role": "user", "content": "Suggest a rhyme for {word}."}],
    )

model = quire.pyfunc.load_model(info.model_uri)
print(model.predict(["window", "silver"]))
