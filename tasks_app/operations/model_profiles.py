"""What parameters each model accepts, stored for all workers: the port ModelProfiles over our rows."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import Error, transaction

from engine.domain.model_call import ModelParameters
from tasks_app.models import ModelProfile
from tasks_app.operations import clock

logger = logging.getLogger(__name__)

#: A profile is dropped after this: servers learn new parameters, and a name may mean another model by then.
KEPT = timedelta(days=30)


class DatabaseProfiles:
    """An `engine.ports.ModelProfiles`. It must not be called inside a running event loop."""

    def profile(self, server: str, model: str) -> ModelParameters:
        """Return a model's parameters, or the defaults if none are stored or they are too old."""
        row = ModelProfile.objects.filter(
            server=server[:300], model=model[:200], learned_at__gt=clock.now() - KEPT
        ).first()
        if row is None:
            return ModelParameters()
        return ModelParameters(row.length_parameter, row.longest_answer, frozenset(row.dropped), row.images)

    def learn(self, server: str, model: str, profile: ModelParameters) -> None:
        """Store a profile, merged with what another worker has stored meanwhile. Database errors are only logged."""
        try:
            with transaction.atomic():
                stored = self.profile(server, model)
                ModelProfile.objects.update_or_create(
                    server=server[:300],
                    model=model[:200],
                    defaults={
                        "length_parameter": profile.length_parameter,
                        "longest_answer": profile.longest_answer or stored.longest_answer,
                        "dropped": sorted(stored.dropped | profile.dropped),
                        "images": profile.images if profile.images is not None else stored.images,
                        "learned_at": clock.now(),
                    },
                )
        except Error:
            logger.exception("what %s takes is not written down; it will be learnt again", model)
