// The page of photos: choosing several, and how many are chosen.

const form = /** @type {HTMLFormElement|null} */ (document.querySelector("[data-photos]"));

if (form) {
  const boxes = () => /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[name=job]"));
  const all = /** @type {HTMLInputElement} */ (form.querySelector("[data-choose-all]"));
  const count = form.querySelector("[data-chosen-count]");

  const show = () => {
    const total = boxes().length;
    const chosen = [...boxes()].filter((box) => box.checked).length;
    count.textContent = chosen ? `${chosen} chosen` : "None chosen";
    all.checked = chosen > 0 && chosen === total;
    all.indeterminate = chosen > 0 && chosen < total;
    for (const button of form.querySelectorAll("[data-needs-choice]")) {
      /** @type {HTMLButtonElement} */ (button).disabled = chosen === 0;
    }
  };

  form.addEventListener("change", ({ target }) => {
    if (target === all) for (const box of boxes()) box.checked = all.checked;
    show();
  });
  document.addEventListener("renewed", show); // dashboard.js has brought in fresh pieces
  show();
}
