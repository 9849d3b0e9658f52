//! The properties that only change how a form looks. They are accepted and left alone.

pub(super) const SURVEY_LOOKS: &[&str] = &[
    "$schema",
    "allowResizeComment",
    "autoAdvanceEnabled",
    "autoFocusFirstError",
    "autoFocusFirstQuestion",
    "autoGrowComment",
    "checkErrorsMode",
    "commentAreaRows",
    "fitToContainer",
    "focusFirstQuestionAutomatic",
    "focusOnFirstError",
    "goNextPageAutomatic",
    "gridLayoutEnabled",
    "headerView",
    "isSinglePage",
    "locale",
    "matrixDragHandleArea",
    "navigationButtonsLocation",
    "previewMode",
    "progressBarInheritWidthFrom",
    "progressBarLocation",
    "progressBarShowNavigationText",
    "progressBarShowPageNumbers",
    "progressBarShowPageTitles",
    "progressBarType",
    "questionDescriptionLocation",
    "questionErrorLocation",
    "questionOrder",
    "questionStartIndex",
    "questionTitleLocation",
    "questionTitlePattern",
    "questionsOnPageMode",
    "questionsOrder",
    "regionalFormat",
    "showBrandInfo",
    "showCompletePage",
    "showCompletedPage",
    "showNavigationButtons",
    "showPageNumbers",
    "showPageTitles",
    "showPrevButton",
    "showPreviewBeforeComplete",
    "showProgressBar",
    "showQuestionNumbers",
    "showTOC",
    "showTitle",
    "sjsVersion",
    "textUpdateMode",
    "tocLocation",
    "width",
    "widthMode",
];

pub(super) const SURVEY_TEXTS: &[&str] = &[
    "completeText",
    "completedBeforeHtml",
    "completedHtml",
    "description",
    "editText",
    "loadingHtml",
    "pageNextText",
    "pagePrevText",
    "previewText",
    "requiredMark",
    "requiredText",
    "startSurveyText",
    "title",
];

/// Shared by pages, panels and questions.
pub(super) const ELEMENT_LOOKS: &[&str] = &[
    "colSpan",
    "indent",
    "innerIndent",
    "maxWidth",
    "minWidth",
    "startWithNewLine",
    "state",
    "width",
];

pub(super) const GROUP_LOOKS: &[&str] = &[
    "allowAdaptiveActions",
    "navigationButtonsVisibility",
    "questionErrorLocation",
    "questionOrder",
    "questionStartIndex",
    "questionTitleLocation",
    "questionTitleWidth",
    "questionsOrder",
    "showNavigationButtons",
    "showNumber",
    "showQuestionNumbers",
];

pub(super) const GROUP_TEXTS: &[&str] = &[
    "description",
    "navigationDescription",
    "navigationTitle",
    "title",
];

pub(super) const QUESTION_LOOKS: &[&str] = &[
    "descriptionLocation",
    "errorLocation",
    "hideNumber",
    "showNumber",
    "showTitle",
    "titleLocation",
    "useDisplayValuesInDynamicTexts",
    "useDisplayValuesInTitle",
];

pub(super) const QUESTION_TEXTS: &[&str] = &[
    "commentPlaceHolder",
    "commentPlaceholder",
    "commentText",
    "description",
];

pub(super) const TEXT_LOOKS: &[&str] = &[
    "autoComplete",
    "autocomplete",
    "inputSize",
    "inputTextAlignment",
    "size",
    "textUpdateMode",
];
pub(super) const TEXT_TEXTS: &[&str] = &[
    "maxErrorText",
    "minErrorText",
    "placeHolder",
    "placeholder",
    "stepErrorText",
];

pub(super) const COMMENT_LOOKS: &[&str] = &[
    "acceptCarriageReturn",
    "allowResize",
    "autoGrow",
    "cols",
    "rows",
    "textUpdateMode",
];
pub(super) const COMMENT_TEXTS: &[&str] = &["placeHolder", "placeholder"];

pub(super) const CHOICE_LOOKS: &[&str] = &[
    "allowClear",
    "autoComplete",
    "autocomplete",
    "choicesOrder",
    "colCount",
    "separateSpecialChoices",
    "showClearButton",
];
pub(super) const CHOICE_TEXTS: &[&str] =
    &["otherErrorText", "otherPlaceHolder", "otherPlaceholder"];

pub(super) const CHECKBOX_LOOKS: &[&str] = &["hasSelectAll", "showSelectAllItem"];
pub(super) const CHECKBOX_TEXTS: &[&str] = &["selectAllText"];

pub(super) const DROPDOWN_LOOKS: &[&str] = &[
    "searchEnabled",
    "searchMode",
    "showOptionsCaption",
    "textWrapEnabled",
];
pub(super) const DROPDOWN_TEXTS: &[&str] = &["optionsCaption", "placeHolder", "placeholder"];

pub(super) const RANKING_LOOKS: &[&str] = &[
    "longTap",
    "selectToRankAreasLayout",
    "selectToRankSwapAreas",
];
pub(super) const RANKING_TEXTS: &[&str] = &[
    "selectToRankEmptyRankedAreaText",
    "selectToRankEmptyUnrankedAreaText",
];

pub(super) const RATING_LOOKS: &[&str] = &[
    "displayMode",
    "displayRateDescriptionsAsExtremeItems",
    "rateColorMode",
    "rateDescriptionLocation",
    "rateDisplayMode",
    "rateType",
    "scaleColorMode",
];
pub(super) const RATING_TEXTS: &[&str] = &[
    "maxRateDescription",
    "maximumRateDescription",
    "minRateDescription",
    "mininumRateDescription",
];

pub(super) const BOOLEAN_LOOKS: &[&str] = &["displayMode", "swapOrder", "useTitleAsLabel"];
pub(super) const BOOLEAN_TEXTS: &[&str] = &["label"];

pub(super) const MATRIX_LOOKS: &[&str] = &[
    "alternateRows",
    "columnMinWidth",
    "displayMode",
    "rowOrder",
    "rowTitleWidth",
    "rowsOrder",
    "showHeader",
    "verticalAlign",
];
