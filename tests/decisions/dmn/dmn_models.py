"""Small models for the tests, written as DMN XML with few words."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(*elements: str, namespace: str = "urn:test", version: str = NAMESPACE) -> str:
    body = "".join(elements)
    return (
        f'<definitions xmlns="{version}" name="test" namespace="{namespace}">{body}</definitions>'
    )


def literal(text: str, type_ref: str = "") -> str:
    return f"<literalExpression{_typed(type_ref)}><text>{escape(text)}</text></literalExpression>"


def input_data(name: str, type_ref: str = "") -> str:
    return (
        f"<inputData name={quoteattr(name)} id={quoteattr(name)}>"
        f"<variable name={quoteattr(name)}{_typed(type_ref)}/></inputData>"
    )


def decision(name: str, logic: str, needs: Iterable[str] = (), type_ref: str = "") -> str:
    """A decision; `needs` are names, of knowledge or services with a leading `f:`."""
    return (
        f"<decision name={quoteattr(name)} id={quoteattr(name)}>"
        f"<variable name={quoteattr(name)}{_typed(type_ref)}/>"
        f"{''.join(map(_need, needs))}{logic}</decision>"
    )


def knowledge(
    name: str,
    parameters: Sequence[str],
    logic: str,
    needs: Iterable[str] = (),
    type_ref: str = "",
) -> str:
    """A knowledge model; parameters are written `name` or `name: type`."""
    return (
        f"<businessKnowledgeModel name={quoteattr(name)} id={quoteattr(name)}>"
        f"<variable name={quoteattr(name)}{_typed(type_ref)}/>"
        f"<encapsulatedLogic>{''.join(map(formal, parameters))}{logic}</encapsulatedLogic>"
        f"{''.join(map(_need, needs))}</businessKnowledgeModel>"
    )


def formal(parameter: str) -> str:
    name, _, type_ref = (part.strip() for part in parameter.partition(":"))
    return f"<formalParameter name={quoteattr(name)}{_typed(type_ref)}/>"


def service(name: str, outputs: Iterable[str], inputs: Iterable[str] = (), decisions=()) -> str:
    return (
        f"<decisionService name={quoteattr(name)} id={quoteattr(name)}>"
        f"<variable name={quoteattr(name)}/>"
        + "".join(f'<outputDecision href="#{each}"/>' for each in outputs)
        + "".join(f'<inputDecision href="#{each}"/>' for each in decisions)
        + "".join(f'<inputData href="#{each}"/>' for each in inputs)
        + "</decisionService>"
    )


def table(
    inputs: Iterable[str],
    outputs: Iterable[str],
    rules: Iterable[str],
    attributes: str = 'hitPolicy="UNIQUE"',
) -> str:
    """A table; a rule is written `test | test => output | output # annotation`."""
    return (
        f"<decisionTable {attributes}>"
        + "".join(
            f"<input><inputExpression>{_text(each)}</inputExpression></input>" for each in inputs
        )
        + "".join(outputs)
        + '<annotation name="why"/>'
        + "".join(map(_rule, rules))
        + "</decisionTable>"
    )


def output(name: str = "", values: str = "", default: str = "", type_ref: str = "") -> str:
    named = f" name={quoteattr(name)}" if name else ""
    listed = f"<outputValues>{_text(values)}</outputValues>" if values else ""
    fallback = f"<defaultOutputEntry>{_text(default)}</defaultOutputEntry>" if default else ""
    return f"<output{named}{_typed(type_ref)}>{listed}{fallback}</output>"


def item(name: str, content: str = "", type_ref: str = "", many: bool = False) -> str:
    stated = f"<typeRef>{type_ref}</typeRef>" if type_ref else ""
    collection = ' isCollection="true"' if many else ""
    return f"<itemDefinition name={quoteattr(name)}{collection}>{stated}{content}</itemDefinition>"


def component(name: str, type_ref: str, content: str = "") -> str:
    stated = f"<typeRef>{type_ref}</typeRef>{content}"
    return f"<itemComponent name={quoteattr(name)}>{stated}</itemComponent>"


def allowed(tests: str, tag: str = "allowedValues") -> str:
    return f"<{tag}>{_text(tests)}</{tag}>"


def context(*entries: tuple[str, str]) -> str:
    """A boxed context of (name, expression); without a name an entry is the result."""
    return "<context>" + "".join(_entry(*each) for each in entries) + "</context>"


def _entry(name: str, logic: str) -> str:
    variable = f"<variable name={quoteattr(name)}/>" if name else ""
    return f"<contextEntry>{variable}{logic}</contextEntry>"


def _rule(rule: str) -> str:
    cells, _, annotation = rule.partition("#")
    tests, _, results = cells.partition("=>")
    return (
        "<rule>"
        + "".join(f"<inputEntry>{_text(each.strip())}</inputEntry>" for each in tests.split("|"))
        + "".join(
            f"<outputEntry>{_text(each.strip())}</outputEntry>" for each in results.split("|")
        )
        + f"<annotationEntry>{_text(annotation.strip())}</annotationEntry></rule>"
    )


def _need(name: str) -> str:
    if name.startswith("f:"):
        required = f'<requiredKnowledge href="#{name[2:]}"/>'
        return f"<knowledgeRequirement>{required}</knowledgeRequirement>"
    return f'<informationRequirement><requiredDecision href="#{name}"/></informationRequirement>'


def _text(text: str) -> str:
    return f"<text>{escape(text)}</text>"


def _typed(type_ref: str) -> str:
    return f" typeRef={quoteattr(type_ref)}" if type_ref else ""
