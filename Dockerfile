# One image for everything: web, workers and dispatcher (the default), `manage.py worker` alone, or `gunicorn tasks_app.wsgi` alone.
FROM python:3.12-slim

# ca-certificates: the model's client verifies TLS with the system's trust store. chromium needs fonts to lay pages out.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates chromium fonts-dejavu-core fonts-noto-color-emoji \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 app \
    && install --directory --owner app --group app /home/app/service \
    && install --directory --owner app --group app --mode 700 /home/app/data

# CHROMIUM_NO_SANDBOX: Docker's default profile forbids Chromium's sandbox; docs/deployment.md says what auto means.
ENV HOME=/home/app \
    PATH=/home/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PORT=7860 \
    DATA_DIR=/home/app/data \
    CHROMIUM_NO_SANDBOX=auto

USER app
WORKDIR /home/app/service
COPY --chown=app requirements.txt .
RUN python -m venv /home/app/.venv \
    && pip install --quiet --no-cache-dir --no-deps --require-hashes -r requirements.txt
COPY --chown=app . .
RUN DJANGO_SECRET_KEY=only-for-collectstatic DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -r /tmp/build

EXPOSE 7860
VOLUME /home/app/data
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
CMD ["python", "manage.py", "serve"]
