import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.*;
import org.hl7.fhir.common.hapi.validation.support.*;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.*;
import org.hl7.fhir.instance.model.api.IBaseResource;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;

/**
 * FhirValidate [-p profileDir]... file.json...   exit 1 when any file has an error.
 * Prints "PATH: N errors, M messages, T ms" for each file, then an indented line for each error (ALL=1: for each message).
 */
public class FhirValidate {
  public static void main(String[] a) throws Exception {
    long t0 = System.nanoTime();
    FhirContext ctx = FhirContext.forR4Cached();
    PrePopulatedValidationSupport pre = new PrePopulatedValidationSupport(ctx);
    List<String> files = new ArrayList<>();
    int n = 0;
    for (int i = 0; i < a.length; i++) {
      if (a[i].equals("-p")) {
        try (Stream<Path> s = Files.walk(Paths.get(a[++i]))) {
          for (Path p : s.filter(x -> x.toString().endsWith(".json")).sorted().collect(Collectors.toList())) {
            try {
              IBaseResource r = ctx.newJsonParser().parseResource(Files.readString(p));
              if (r instanceof StructureDefinition || r instanceof ValueSet || r instanceof CodeSystem) { pre.addResource(r); n++; }
            } catch (Exception e) { System.out.println("profile not read: " + p + ": " + e.getMessage()); }
          }
        }
      } else files.add(a[i]);
    }
    ValidationSupportChain chain = new ValidationSupportChain(
        new DefaultProfileValidationSupport(ctx), pre,
        new CommonCodeSystemsTerminologyService(ctx),
        new InMemoryTerminologyServerValidationSupport(ctx),
        new SnapshotGeneratingValidationSupport(ctx));
    FhirInstanceValidator fiv = new FhirInstanceValidator(chain);
    fiv.setAnyExtensionsAllowed(true);
    fiv.setNoTerminologyChecks(false);
    fiv.setValidatorResourceFetcher((org.hl7.fhir.r5.utils.validation.IValidatorResourceFetcher) java.lang.reflect.Proxy.newProxyInstance(FhirValidate.class.getClassLoader(),
        new Class[] {org.hl7.fhir.r5.utils.validation.IValidatorResourceFetcher.class}, (p, m, x) -> {
          Class<?> r = m.getReturnType();
          if (m.getName().equals("fetch")) {   // a stub of the type that the reference names: its type is checked, its content isn't
            java.util.regex.Matcher g = java.util.regex.Pattern.compile("(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/.*)?$").matcher((String) x[2]);
            if (!g.find()) return null;
            String type = g.group(1);
            return new org.hl7.fhir.r5.elementmodel.Element(type) { @Override public String fhirType() { return type; } };
          }
          if (r == boolean.class) return m.getName().equals("resolveURL");
          if (r == Set.class) return Set.of();
          return r.isInstance(p) ? p : null;
        }));
    fiv.setValidatorPolicyAdvisor(new org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor() {
      @Override public org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy policyForReference(org.hl7.fhir.r5.utils.validation.IResourceValidator v, Object app, String path, String url, org.hl7.fhir.r5.utils.validation.IValidationPolicyAdvisor.ReferenceDestinationType d) {
        return org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy.CHECK_TYPE_IF_EXISTS;
      }
    });
    FhirValidator v = ctx.newValidator();
    v.registerValidatorModule(fiv);
    System.out.printf("ready %.2f s, %d conformance resources loaded%n", (System.nanoTime() - t0) / 1e9, n);
    boolean bad = false;
    for (String f : files) {
      long t = System.nanoTime();
      ValidationResult r = v.validateWithResult(Files.readString(Paths.get(f)));
      long ms = (System.nanoTime() - t) / 1_000_000;
      long errs = r.getMessages().stream().filter(m -> m.getSeverity().ordinal() >= ResultSeverityEnum.ERROR.ordinal()).count();
      bad |= errs > 0;
      System.out.printf("%s: %d errors, %d messages, %d ms%n", f, errs, r.getMessages().size(), ms);
      for (SingleValidationMessage m : r.getMessages())
        if (m.getSeverity().ordinal() >= ResultSeverityEnum.ERROR.ordinal() || System.getenv("ALL") != null)
          System.out.println("   " + m.getSeverity() + " " + m.getLocationString() + ": " + m.getMessage());
    }
    System.out.printf("total %.2f s%n", (System.nanoTime() - t0) / 1e9);
    System.exit(bad ? 1 : 0);
  }
}
