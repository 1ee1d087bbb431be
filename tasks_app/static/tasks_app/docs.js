// Draws /docs with Swagger UI. https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/
"use strict";
const place = document.getElementById("docs");
// Swagger UI leaves these without a name, which a screen reader needs.
const names = { "textarea.body-param__text": "Request body", "select.examples-select-element": "Example" };
new MutationObserver(() => {
  for (const [selector, name] of Object.entries(names))
    for (const element of place.querySelectorAll(`${selector}:not([aria-label])`)) element.ariaLabel = name;
}).observe(place, { childList: true, subtree: true });
SwaggerUIBundle({
  url: "/openapi.json",
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  docExpansion: "list",
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  syntaxHighlight: { theme: "monokai" }, // the one that can be read by everyone
  validatorUrl: null, // else its badge asks a foreign host
});
