"""The messages of MLflow's REST protocol, one module for each resource: the server reads what the client sends.

A request is a :class:`~quire.domain.protojson.Message` named as MLflow names the call; its answer ends in
``Response``. Entities inside them are those of the domain.
"""
